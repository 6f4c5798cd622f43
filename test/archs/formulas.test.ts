import { family } from '#src/archs/family.js';
import { keyRows } from '#src/archs/key-rows.js';
import { tensorRules } from '#src/archs/tensor-rules.js';
import { readCondition, readValue } from '#src/config/formulas.js';

const field = (...fields: string[]) => ({ fields, required: true });

test.each<[string, object]>([
  ['hidden_size|n_embd', field('hidden_size', 'n_embd')],
  ['head_dim?', { fields: ['head_dim'] }],
  ['theta?-1e-5', { fields: ['theta'], or: -1e-5 }],
  ['causal?false', { fields: ['causal'], or: false }],
  ['rope/rope_theta', { fields: ['rope_theta'], of: 'rope', required: true }],
  ['dflash_config/block_size?', { fields: ['block_size'], of: ['dflash_config'] }],
  ['@head_dim', { derive: 'head_dim' }],
  ['probe(two words)?', { probe: 'two words' }],
  ['[1, 2]', { value: [1, 2] }],
  ['"a \\"b\\""', { value: 'a "b"' }],
  ['a - b - 1', { math: 'sub', of: [field('a'), field('b'), { value: 1 }] }],
  ['a - (b - 1)', { math: 'sub', of: [field('a'), { math: 'sub', of: [field('b'), { value: 1 }] }] }],
  ['1 + a * b', { math: 'add', of: [{ value: 1 }, { math: 'mul', of: [field('a'), field('b')] }] }],
  ['a * b // 2', { math: 'quotient', of: [{ math: 'mul', of: [field('a'), field('b')] }, { value: 2 }] }],
  ['a * b ** -0.5', { math: 'mul', of: [field('a'), { math: 'pow', of: [field('b'), { value: -0.5 }] }] }],
  ['floor(a)', { math: 'quotient', of: [field('a'), { value: 1 }] }],
  ['a? else b + 1', { first: [{ fields: ['a'] }, { math: 'add', of: [field('b'), { value: 1 }] }] }],
  ['sizes[1]', { element: 1, of: field('sizes') }],
  ['layers(types is "x")', { layers: { list: field('types'), is: 'x' } }],
  [
    'layers(not every 4 after 1, 0, a)',
    { layers: { not: { every: { value: 4 }, after: 1 } }, yes: { value: 0 }, no: field('a') },
  ],
])('the value %s', (text, value) => {
  expect(readValue(text)).toEqual(value);
});

test.each<[string, object]>([
  ['model_type == "x"', { field: 'model_type', is: 'x' }],
  ['a? == 1', { value: { fields: ['a'] }, is: 1 }],
  ['a not in [1, null]', { not: { field: 'a', is: [1, null] } }],
  ['a > 0', { value: { fields: ['a'] }, above: 0 }],
  ['set part/a!', { set: { fields: ['a'], of: ['part'], required: true } }],
  ['lacks a', { field: 'a', exists: false }],
  ['@is_tied or not probe(tied)', { any: [{ derive: 'is_tied', is: true }, { not: { probe: 'tied', is: true } }] }],
  [
    'has a and (has b or has c)',
    {
      all: [{ field: 'a', exists: true }, { any: ['b', 'c'].map((name) => ({ field: name, exists: true })) }],
    },
  ],
])('the condition %s', (text, condition) => {
  expect(readCondition(text)).toEqual(condition);
});

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
  ['a sign without a value', () => readValue('a +'), 'no value where ""'],
  ['an open parenthesis', () => readValue('(a + b'), 'no ")" where ""'],
  ['more than a value', () => readValue('a b'), 'no end where "b"'],
  ['a condition that compares nothing', () => readCondition('a and has b'), 'no comparison where "and has b"'],
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
