import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture, TensorRule } from '#src/archs/architecture.js';
import { qwen3 } from '#src/archs/families/qwen.js';
import { mapTensors, TensorMappingError } from '#src/archs/map-tensors.js';
import { tensorRules } from '#src/archs/tensor-rules.js';
import { loadConfig } from '#src/config/load-config.js';
import type { NamedExpr } from '#src/tensor/expr.js';
import { shapeOf } from '#src/tensor/rows.js';
import { corpusRuns, sourceTensors } from './corpus.js';
import { known } from './known.js';

/** Several tensors of the checkpoint that become one, and one that becomes several. */

const data = process.env.HF2GGUF_DATA;

const EXPERTS = 'experts .mlp.experts.{x}: down_proj gate_proj up_proj';

const QWEN3_MOE = [
  ...qwen3.tensors,
  ...tensorRules(`
    .ffn_gate_inp.* = .mlp.gate.* | .block_sparse_moe.gate.*
    .ffn_down_shexp.* = .mlp.shared_experts.down_proj.*
    .ffn_gate_shexp.* = .mlp.shared_experts.gate_proj.*
    .ffn_up_shexp.* = .mlp.shared_experts.up_proj.*
    ${EXPERTS}`),
];

const MIXTRAL = [
  ...QWEN3_MOE.filter(({ group }) => group === undefined),
  ...tensorRules('experts .block_sparse_moe.experts.{x}: w1 w2 w3'),
];

const KEYS_AND_VALUES = 'reshape(num_key_value_heads, -1, kv_lora_rank), split(1, qk_nope_head_dim, v_head_dim)';

const DEEPSEEK: readonly TensorRule[] = [
  ...QWEN3_MOE,
  ...tensorRules(`
    .attn_kv_a_mqa.* = .self_attn.kv_a_proj_with_mqa.*
    .attn_kv_a_norm.* = .self_attn.kv_a_layernorm.*
    .attn_k_b.* = .self_attn.kv_b_proj.*: ${KEYS_AND_VALUES}, take(0), transpose(1, 2)
    .attn_v_b.* = .self_attn.kv_b_proj.*: ${KEYS_AND_VALUES}, take(1)`),
];

const CASES: readonly (readonly [name: string, tensors: readonly TensorRule[]])[] = [
  ['qwen3-moe', QWEN3_MOE],
  ['mixtral', MIXTRAL],
  ['olmoe', QWEN3_MOE],
  ['deepseek-v2-lite', DEEPSEEK],
];

const runs = data ? corpusRuns(join(data, 'corpus')).map((run) => [run.name.split('/')[0], run] as const) : [];

describe.each(CASES)('%s', (name, tensors) => {
  const own = runs.filter(([of, { args }]) => of === name && !args.some((arg) => arg.startsWith('--fuse')));
  if (!data) {
    test.skip('skipped: HF2GGUF_DATA is not set', () => {});
    return;
  }

  test("names, order and shapes are the reference's", async () => {
    expect(own.length).toBeGreaterThan(0);
    for (const [, run] of own) {
      const config = loadConfig(JSON.parse(readFileSync(join(run.folder, 'config.json'), 'utf8')));
      const mapped = mapTensors({ ...qwen3, tensors }, known(config), await sourceTensors(run.folder));
      const found = mapped.map(({ name: own, expr }) => [own, [...shapeOf(expr)].reverse()]);
      const wanted = run.tensors.map(([own, , ne]) => [own, ne]);
      expect(found).toEqual(wanted);
    }
  });
});

describe('by hand', () => {
  const config = loadConfig({
    architectures: ['Qwen3ForCausalLM'],
    num_hidden_layers: 2,
    num_experts: 3,
    hidden_size: 4,
  });
  const source = (name: string, shape: readonly number[] = [8, 4]): NamedExpr => ({
    name,
    expr: { op: 'source', name, file: 'model.safetensors', offset: 0, dtype: 'BF16', shape },
  });
  const expert = (b: number, x: number, projection: string) =>
    source(`model.layers.${b}.mlp.experts.${x}.${projection}.weight`);
  const map = (tensors: readonly TensorRule[], sources: readonly NamedExpr[]) =>
    mapTensors({ ...qwen3, tensors } as Architecture, known(config), sources).map(({ name, expr }) => [
      name,
      ...shapeOf(expr),
    ]);
  const moe = tensorRules(EXPERTS);
  const all = (b: number) =>
    [2, 0, 1].flatMap((x) => ['down_proj', 'gate_proj', 'up_proj'].map((projection) => expert(b, x, projection)));

  test('a group stands where the last of all its tensors does, in the order of the table', () => {
    const [last, ...others] = all(0);
    const norm = source('model.norm.weight', [4]);
    const rules = [...moe, { from: ['model.norm.weight'], to: 'output_norm.weight' }];
    expect(map(rules, [...others, norm, ...all(1), last as NamedExpr])).toEqual([
      ['output_norm.weight', 4],
      ['blk.1.ffn_down_exps.weight', 3, 8, 4],
      ['blk.1.ffn_gate_exps.weight', 3, 8, 4],
      ['blk.1.ffn_up_exps.weight', 3, 8, 4],
      ['blk.0.ffn_down_exps.weight', 3, 8, 4],
      ['blk.0.ffn_gate_exps.weight', 3, 8, 4],
      ['blk.0.ffn_up_exps.weight', 3, 8, 4],
    ]);
  });

  test('several names become one tensor, in the order of the rule', () => {
    const rule: TensorRule = { all: ['{L}.q.*', '{L}.k.*'], to: 'blk.{b}.attn_qk.*', via: [['concat', 0]] };
    const [k, q] = [source('model.layers.0.k.weight', [2, 4]), source('model.layers.0.q.weight', [6, 4])];
    const [joined] = mapTensors({ ...qwen3, tensors: [rule] }, known(config), [k, q]);
    expect(joined).toEqual({ name: 'blk.0.attn_qk.weight', expr: { op: 'concat', axis: 0, of: [q.expr, k.expr] } });
  });

  test('tensors that are gathered and not written do not meet each other', () => {
    const rules: readonly TensorRule[] = [
      { all: ['{L}.q.*', '{L}.k.*'] },
      { from: ['{L}.experts.{x}.weight'], each: 'expert_count' },
    ];
    const names = ['q.weight', 'experts.0.weight', 'k.weight', 'experts.2.weight', 'experts.1.weight'];
    expect(
      map(
        rules,
        names.map((name) => source(`model.layers.0.${name}`)),
      ),
    ).toEqual([]);
  });

  test('a tensor that is not written', () => {
    expect(map([{ from: ['{L}.scale.weight'] }], [source('model.layers.0.scale.weight')])).toEqual([]);
  });

  test.each<[string, readonly TensorRule[], readonly NamedExpr[], RegExp]>([
    [
      'an expert that is transposed',
      moe,
      all(0).map((tensor) => (tensor.name.includes('experts.1.up') ? source(tensor.name, [4, 8]) : tensor)),
      /^Tensor model.layers.0.mlp.experts.1.up_proj.weight of model.safetensors is \[4, 8\], and the others like it are \[8, 4\]/,
    ],
    [
      'a first expert of another shape',
      moe,
      all(0).map((tensor) => (tensor.name.includes('experts.0.up') ? source(tensor.name, [4, 8]) : tensor)),
      /^Tensor model.layers.0.mlp.experts.0.up_proj.weight of model.safetensors is \[4, 8\], and the others like it are \[8, 4\]/,
    ],
    [
      'an expert that is missing',
      moe,
      all(0).filter(({ name }) => !name.includes('experts.1.up')),
      /^model\.layers\.0\.mlp\.experts\.1\.up_proj\.weight is missing: 2 of the 3 tensors that become blk.0.ffn_up_exps.weight/,
    ],
    [
      'an expert too many',
      moe,
      [expert(0, 3, 'up_proj')],
      /experts\.3\.up_proj\.weight of model\.safetensors: config\.json gives the model 3 of them only/,
    ],
    ['an expert of a far number', moe, [expert(0, 123456789, 'up_proj')], /3 of them only/],
    [
      'more tensors than names',
      [{ from: ['x.weight'], to: 'a', via: [['split', 0, 4, 4]] }],
      [source('x.weight')],
      /x\.weight becomes 2 tensors, and qwen3 has one name for them/,
    ],
  ])('%s', (_, rules, sources, message) => {
    expect(() => map(rules, sources)).toThrow(message);
    expect(() => map(rules, sources)).toThrow(TensorMappingError);
  });

  test('experts of different shapes', () => {
    const odd = [...all(0).slice(1), source('model.layers.0.mlp.experts.2.down_proj.weight', [7, 4])];
    expect(() => map(moe, odd)).toThrow(
      /^Tensor .*experts\.2\.down_proj\.weight of model\.safetensors is \[7, 4\], and the others like it are \[8, 4\]/,
    );
  });
});
