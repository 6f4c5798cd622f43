import { family } from '#src/archs/family.js';
import { keyRows } from '#src/archs/key-rows.js';
import { tensorRules } from '#src/archs/tensor-rules.js';

const field = (...fields: string[]) => ({ fields, required: true });

test('rows of keys', () => {
  const rows = keyRows(`
    vocab_size
    attention.head_count[] = heads # of queries
    if has yarn {
      rope.scaling.type = "yarn"
      rope.scaling.factor = factor? when set factor
    }
    general.file_type = @file_type
    feed_forward_length:i32[] = sizes?`);
  const yarn = { field: 'yarn', exists: true };
  expect(rows).toEqual([
    ['{arch}.vocab_size', 'u32', field('vocab_size')],
    ['{arch}.attention.head_count', 'u32|i32[]', field('heads')],
    ['{arch}.rope.scaling.type', 'string', { value: 'yarn' }, yarn],
    ['{arch}.rope.scaling.factor', 'f32', { fields: ['factor'] }, { all: [yarn, { set: { fields: ['factor'] } }] }],
    ['general.file_type', 'u32', { derive: 'file_type' }],
    ['{arch}.feed_forward_length', 'i32[]', { fields: ['sizes'] }],
  ]);
});

test('rows of keys in the places of others, without some, and under two conditions', () => {
  const before = keyRows('block_count = layers; expert_count; vocab_size');
  const rows = keyRows('-vocab_size; !block_count = blocks; if has a { if has b { head_dim } }', before);
  expect(rows).toEqual([
    ['{arch}.block_count', 'u32', field('blocks')],
    ['{arch}.expert_count', 'u32', field('expert_count')],
    [
      ...['{arch}.head_dim', 'u32', field('head_dim')],
      {
        all: [
          { field: 'a', exists: true },
          { field: 'b', exists: true },
        ],
      },
    ],
  ]);
});

test('parts that go on from those of another family, and shared texts', () => {
  const base = family`one: One (a/b)
    keys: vocab_size; ignore: x.*; tensors: ffn_down`;
  const own = family`two: Two (a/b) like ${base}
    keys: + head_dim; ignore: + y.*; tensors: + $QK_NORMS`;
  expect(own.keys).toEqual([...base.keys, ['{arch}.head_dim', 'u32', field('head_dim')]]);
  expect(own.ignore).toEqual(['x.*', 'y.*']);
  expect(own.tensors.map(({ to }) => to)).toEqual([
    'blk.{b}.ffn_down.*',
    'blk.{b}.attn_q_norm.*',
    'blk.{b}.attn_k_norm.*',
  ]);
  const wrong = family`three: Three (a/b)
    keys: $NO_SUCH_TEXT`;
  expect(() => wrong.keys).toThrow('keys of three: texts.ts has no NO_SUCH_TEXT');
});

test('rules for tensors that are not written, whose biases are not, and of blocks for multi-token prediction', () => {
  const rules = tensorRules(`
    unwritten ple_conv1d when has a
    unbiased ple_conv1d
    plus-one ple_conv1d
    at mtp.layers.0
    ple_conv1d
    experts .e.{x}: w2
    ---
    ple_conv1d`);
  const [unbiased, mtp] = ['{L}.ple.conv1d', 'mtp.layers.0.ple.conv1d'];
  const to = 'blk.{b}.ple_conv1d';
  expect(rules).toEqual([
    { from: [`${unbiased}.*`], when: { field: 'a', exists: true } },
    { from: [`${unbiased}.weight`], to: `${to}.weight` },
    { from: [`${unbiased}.bias`], when: { probe: 'zero_biases', is: true } },
    { from: [`${unbiased}.weight`], to: `${to}.weight`, via: [['add', 1]] },
    { from: [`${unbiased}.bias`], to: `${to}.bias` },
    { from: [`${mtp}.*`], to: 'blk.{mtp}.ple_conv1d.*' },
    { from: ['mtp.layers.0.e.{x}.w2.*'], to: 'blk.{mtp}.ffn_down_exps.*', each: 'expert_count', group: 'mtp experts' },
    { from: [`${unbiased}.*`], to: `${to}.*` },
  ]);
});

test('rules for tensors', () => {
  const rules = tensorRules(`
    nextn.eh_proj
    nextn.eh_proj.weight: add(1)
    .attn_v.weight = .kv.weight: split(0, k_size, v_size + 1), take(1) when has kv
    .attn_q.* .attn_k.* = .qk.*: chunk(0, 2)
    .attn_sinks.weight = .sinks[.weight] | sinks on from 1
    output.* = a.* + b.*: concat(0)
    none = lm_head.weight
    experts .experts.{x}: w2
    weights ple_conv1d`);
  const up = { math: 'add', of: [field('v_size'), { value: 1 }] };
  expect(rules).toEqual([
    { from: ['{L}.eh_proj.weight'], to: 'blk.{b}.nextn.eh_proj.weight', via: [['add', 1]] },
    { from: ['{L}.eh_proj.bias'], to: 'blk.{b}.nextn.eh_proj.bias' },
    {
      ...{ from: ['{L}.kv.weight'], to: 'blk.{b}.attn_v.weight' },
      via: [
        ['split', 0, 'k_size', up],
        ['take', 1],
      ],
      when: { field: 'kv', exists: true },
    },
    ...['attn_q', 'attn_k'].map((name, i) => ({
      ...{ from: ['{L}.qk.*'], to: `blk.{b}.${name}.*` },
      via: [
        ['chunk', 0, 2],
        ['take', i],
      ],
    })),
    {
      from: ['{L}.sinks', '{L}.sinks.weight', 'sinks'],
      to: 'blk.{b}.attn_sinks.weight',
      on: { from: { value: 1 } },
    },
    { all: ['a.*', 'b.*'], to: 'output.*', via: [['concat', 0]] },
    { from: ['lm_head.weight'] },
    { from: ['{L}.experts.{x}.w2.*'], to: 'blk.{b}.ffn_down_exps.*', each: 'expert_count', group: 'experts' },
    { from: ['{L}.ple.conv1d', '{L}.ple.conv1d.weight'], to: 'blk.{b}.ple_conv1d.weight' },
  ]);
});

test.each<[string, () => unknown, string]>([
  ['a key that is none', () => keyRows('a = 1\n= 2'), 'no key where "= 2"'],
  ['a brace that does not end', () => keyRows('if has a { b = 1'), 'no "}" where ""'],
  ['a brace that does not begin', () => keyRows('b = 1 }'), 'no key where "}"'],
  ['a tensor that is none', () => tensorRules('attn_qq'), 'tensor-names.ts has no attn_qq'],
  [
    'experts that are none',
    () => tensorRules('experts .x.{x}: side_proj'),
    'no projection of experts called side_proj',
  ],
  [
    'its place in a family',
    () =>
      family`llama: A (b/c)
      keys: block_count = @`.keys,
    'keys of llama: There is no value where "@" stands.',
  ],
  ['a part that is none', () => family`llama: A (b/c) key: vocab_size`, 'llama has no part called "key: vocab_size".'],
  [
    'an option that is none',
    () =>
      family`llama: A (b/c)
  mtp: block 1`.mtp,
    'There is no option called "block".',
  ],
  ['a family without a repository', () => family`llama: A`, 'A family begins with'],
])('what is wrong is shown: %s', (_, read, message) => {
  expect(read).toThrow(SyntaxError);
  expect(read).toThrow(message);
});
