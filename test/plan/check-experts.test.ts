import { KeyValues } from '#src/gguf/key-values.js';
import { checkExperts, ExpertShapeError } from '#src/plan/check-experts.js';
import type { NamedExpr } from '#src/tensor/expr.js';

const tensor = (name: string, source: string, shape: readonly number[]): NamedExpr => ({
  name,
  expr: { op: 'source', name: source, file: 'model.safetensors', offset: 0, dtype: 'BF16', shape },
});

const fused = (block: number) => [
  tensor(`blk.${block}.ffn_gate_inp.weight`, `layers.${block}.router.weight`, [4, 8]),
  tensor(`blk.${block}.ffn_gate_up_exps.weight`, `layers.${block}.experts.gate_up_proj`, [4, 32, 8]),
  tensor(`blk.${block}.ffn_down_exps.weight`, `layers.${block}.experts.down_proj`, [4, 8, 16]),
];

/** @returns the warnings. */
function check(tensors: readonly NamedExpr[]): string[] {
  const kv = new KeyValues()
    .u32('any.embedding_length', 8)
    .u32('any.expert_feed_forward_length', 16)
    .u32('any.expert_count', 4);
  const warnings: string[] = [];
  checkExperts(tensors, kv, 'any', { emit: (event) => warnings.push(event.what), strict: false });
  return warnings;
}

test('experts in one tensor: those that only some blocks have, and those that are transposed', () => {
  expect(check([...fused(0), ...fused(1)])).toEqual([]);
  // A block without a router is dense.
  expect(check([...fused(0), tensor('blk.1.ffn_down.weight', 'layers.1.mlp.down_proj', [8, 16])])).toEqual([]);
  const missing = [...fused(0), ...fused(1).slice(0, 2)];
  expect(() => check(missing)).toThrow(ExpertShapeError);
  expect(() => check(missing)).toThrow('blk.1.ffn_down_exps.weight, as layers.0.experts.down_proj becomes');
  const turned = tensor('blk.0.ffn_down_exps.weight', 'layers.0.experts.down_proj', [4, 16, 8]);
  expect(check([...fused(0).slice(0, 2), turned])).toEqual([
    expect.stringMatching(/\(layers\.0\.experts\.down_proj\) are \[4, 16, 8\].*they are transposed/),
  ]);
  const fewer = tensor('blk.0.ffn_down_exps.weight', 'layers.0.experts.down_proj', [3, 8, 16]);
  expect(check([...fused(0).slice(0, 2), fewer])).toEqual([
    expect.stringContaining('config.json gives them [4, 8, 16]'),
  ]);
});
