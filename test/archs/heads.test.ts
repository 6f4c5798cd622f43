import { baichuan } from '#src/archs/families/baichuan.js';
import { stablelm } from '#src/archs/families/dense.js';
import { mapTensors, TensorMappingError } from '#src/archs/map-tensors.js';
import { loadConfig } from '#src/config/load-config.js';
import type { NamedExpr } from '#src/tensor/expr.js';
import { segments, shapeOf, sourcesOf } from '#src/tensor/rows.js';
import { known } from './known.js';

// The reference loses or never ends on these. llama.cpp's src/models/ says what it wants: `attn_q_norm` of StableLM is
// {size of a head, heads}; modeling_baichuan.py has queries, keys and values one after the other in `W_pack`.

const source = (name: string, shape: readonly number[]): NamedExpr => ({
  name,
  expr: { op: 'source', name, file: 'model.safetensors', offset: 0, dtype: 'F32', shape },
});

test("StableLM's norms of single heads are one tensor, in the heads' order", () => {
  const config = loadConfig({ architectures: ['StableLmForCausalLM'], num_hidden_layers: 1, num_attention_heads: 12 });
  const norms = Array.from({ length: 12 }, (_, head) => `model.layers.0.self_attn.q_layernorm.norms.${head}.weight`);
  const checkpoint = [...norms].sort().map((name) => source(name, [4]));
  const [norm, ...others] = mapTensors(stablelm, known(config), checkpoint);
  expect(others).toEqual([]);
  expect(norm?.name).toBe('blk.0.attn_q_norm.weight');
  expect(norm && shapeOf(norm.expr)).toEqual([12, 4]);
  expect(norm && sourcesOf(norm.expr).map(({ name }) => name)).toEqual(norms);
  expect(() => mapTensors(stablelm, known(config), checkpoint.slice(1))).toThrow(TensorMappingError);
});

test("Baichuan's packed projections are taken apart", () => {
  const config = loadConfig({ architectures: ['BaichuanForCausalLM'], num_hidden_layers: 1, num_attention_heads: 2 });
  const packed = source('model.layers.0.self_attn.W_pack.weight', [24, 8]);
  const parts = mapTensors(baichuan, known(config), [packed]);
  expect(parts.map(({ name, expr }) => [name, shapeOf(expr)])).toEqual([
    ['blk.0.attn_q.weight', [8, 8]],
    ['blk.0.attn_k.weight', [8, 8]],
    ['blk.0.attn_v.weight', [8, 8]],
  ]);
  const first = parts.map(({ expr }) => Math.min(...segments(expr).map(({ offset }) => offset)));
  expect(first).toEqual([0, 8 * 8 * 4, 2 * 8 * 8 * 4]);
});
