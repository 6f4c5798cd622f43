import type { Architecture } from '#src/archs/architecture.js';
import { FusionError, fuse } from '#src/archs/fuse.js';
import { findArchitecture } from '#src/archs/registry.js';
import { loadConfig } from '#src/config/load-config.js';
import type { NamedExpr } from '#src/tensor/expr.js';
import { shapeOf, sourcesOf } from '#src/tensor/rows.js';
import { known } from './known.js';

const all = known(loadConfig({ architectures: ['LlamaForCausalLM'], num_hidden_layers: 2 }));
const llama = findArchitecture(all);

/** A tensor of the file, from one of the checkpoint. */
function tensor(name: string, source: string, shape = [4, 8]): NamedExpr {
  return { name, expr: { op: 'source', name: source, file: 'f', offset: 0, dtype: 'F32', shape } };
}

const own = (letter: string, block = 0, suffix = 'weight') =>
  tensor(`blk.${block}.attn_${letter}.${suffix}`, `model.layers.${block}.self_attn.${letter}_proj.${suffix}`);

const qkv = (tensors: readonly NamedExpr[], arch: Architecture = llama) => fuse(arch, all, tensors, { fuseQkv: true });
const gateUp = (tensors: readonly NamedExpr[], arch: Architecture) =>
  fuse(arch, all, tensors, { fuseGateUpExps: true });
const names = (tensors: readonly NamedExpr[]) => tensors.map(({ name }) => name);

test('queries, keys and values in this order, where the last of them stood', () => {
  const norm = tensor('blk.0.attn_norm.weight', 'norm');
  const fused = qkv([own('k'), own('q'), norm, own('v'), own('k', 1), own('q', 1)]);
  expect(names(fused)).toEqual([
    'blk.0.attn_norm.weight',
    'blk.0.attn_qkv.weight',
    'blk.1.attn_k.weight',
    'blk.1.attn_q.weight',
  ]);
  const [, joined] = fused as [NamedExpr, NamedExpr];
  expect(shapeOf(joined.expr)).toEqual([12, 8]);
  expect(sourcesOf(joined.expr).map(({ name }) => name.slice(-13))).toEqual([
    'q_proj.weight',
    'k_proj.weight',
    'v_proj.weight',
  ]);
});

test('biases too, but nothing where only some have one', () => {
  const weights = [own('q'), own('k'), own('v')];
  const [q, k, v] = ['q', 'k', 'v'].map((letter) => own(letter, 0, 'bias')) as [NamedExpr, NamedExpr, NamedExpr];
  expect(names(qkv([...weights, q, k, v]))).toEqual(['blk.0.attn_qkv.weight', 'blk.0.attn_qkv.bias']);
  expect(names(qkv([...weights, q, v]))).toEqual(names([...weights, q, v]));
});

test('parts of one tensor of the checkpoint stay apart, and so do those of architectures without the tensor', () => {
  const parts = ['q', 'k', 'v'].map((letter) =>
    tensor(`blk.0.attn_${letter}.weight`, 'layers.0.attention.wqkv.weight'),
  );
  expect(qkv(parts)).toEqual(parts);
  const whole = [own('q'), own('k'), own('v')];
  expect(qkv(whole, { ...llama, gguf: 'nanbeige' })).toEqual(whole);
});

test('gates of experts and their up projections, along the second dimension', () => {
  const experts = [
    tensor('blk.1.ffn_up_exps.weight', 'up', [3, 4, 8]),
    tensor('blk.1.ffn_gate_exps.weight', 'gate', [3, 4, 8]),
  ];
  const [joined] = gateUp(experts, { ...llama, gguf: 'qwen3next' }) as [NamedExpr];
  expect([joined.name, shapeOf(joined.expr)]).toEqual(['blk.1.ffn_gate_up_exps.weight', [3, 8, 8]]);
  expect(sourcesOf(joined.expr).map(({ name }) => name)).toEqual(['gate', 'up']);
  expect(() => gateUp(experts, llama)).toThrow(FusionError);
  expect(names(gateUp([own('q')], llama))).toEqual(['blk.0.attn_q.weight']);
});
