import { mapTensors, TensorMappingError } from '#src/archs/map-tensors.js';
import { findArchitecture } from '#src/archs/registry.js';
import { loadConfig } from '#src/config/load-config.js';
import { tensorKernels } from '#src/quantize/tensor-kernels.js';
import type { NamedExpr, SourceExpr } from '#src/tensor/expr.js';
import { evaluate, shapeOf } from '#src/tensor/rows.js';
import { known } from './known.js';

const source = (name: string, shape = [8, 8]): SourceExpr => ({
  op: 'source',
  name,
  file: 'model.safetensors',
  offset: 0,
  dtype: 'BF16',
  shape,
});

function map(architecture: string, names: (string | SourceExpr)[], fields = {}) {
  const config = loadConfig({
    architectures: [architecture],
    num_hidden_layers: 12,
    hidden_size: 8,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 8,
    ...fields,
  });
  const sources = names.map((name) => (typeof name === 'string' ? source(name) : name));
  const tensors = sources.map((expr) => ({ name: expr.name, expr }));
  return mapTensors(findArchitecture(known(config)), known(config), tensors);
}

const names = (architecture: string, list: string[], fields = {}) =>
  map(architecture, list, fields).map(({ name }) => name);

test("names keep the checkpoint's order", () => {
  expect(
    names('LlamaForCausalLM', ['model.norm.weight', 'lm_head.weight', 'model.layers.10.mlp.up_proj.bias']),
  ).toEqual(['output_norm.weight', 'output.weight', 'blk.10.ffn_up.bias']);
});

test('encoders, projectors and buffers are left out', () => {
  expect(
    names('LlamaForCausalLM', [
      'model.layers.0.self_attn.rotary_emb.inv_freq',
      'vision_tower.blk.weight',
      'multi_modal_projector.linear_1.weight',
      'mlp1.0.weight',
      'model.connector.proj.weight',
      'language_model.model.norm.weight',
      'model.text_model.embed_tokens.weight',
    ]),
  ).toEqual(['output_norm.weight', 'token_embd.weight']);
});

test('a bare encoder has no model. in front', () => {
  const bare = ['embed_tokens.weight', 'layers.0.self_attn.q_norm.weight', 'norm.weight'];
  expect(names('Qwen3Model', bare)).toEqual(['token_embd.weight', 'blk.0.attn_q_norm.weight', 'output_norm.weight']);
});

describe('rotary halves', () => {
  const weights = ['model.layers.0.self_attn.q_proj.weight', 'model.layers.0.self_attn.k_proj.weight'];

  /** The rows of a source, in the order in which an expression has them. */
  function rowsOf({ expr }: NamedExpr): number[] {
    const bytes = evaluate(expr, {
      // Each row of 8 bfloat16, or element where there is one dimension, has its number in all bytes.
      fetch: ({ offset, length, count, stride }) => {
        const row = shapeOf(expr).length === 1 ? 2 : 16;
        const all = Uint8Array.from({ length: (count - 1) * stride + length }, (_, i) =>
          Math.floor((offset + i) / row),
        );
        return { bytes: all, stride };
      },
      take: (size) => new Uint8Array(size),
      scope: (use) => use(),
      kernels: tensorKernels,
    });
    const [first = 1, ...others] = shapeOf(expr);
    const rows = others.slice(0, -1).reduce((product, size) => product * size, first);
    return [...bytes].filter((_, i) => i % (bytes.length / rows) === 0);
  }

  const byTwo = [0, 2, 1, 3, 4, 6, 5, 7];

  test('Llama: queries by heads, keys by key-value heads, biases too', () => {
    const bias = source('model.layers.0.self_attn.k_proj.bias', [8]);
    const mapped = map('LlamaForCausalLM', [...weights, bias], { num_attention_heads: 1 });
    expect(mapped.map(rowsOf)).toEqual([[0, 4, 1, 5, 2, 6, 3, 7], byTwo, byTwo]);
  });

  test('Llama without key-value heads: all heads', () => {
    const mapped = map('LlamaForCausalLM', weights, { num_attention_heads: 2, num_key_value_heads: null });
    expect(mapped.map(rowsOf)).toEqual([byTwo, byTwo]);
  });

  test('values are left as they are', () => {
    expect(map('LlamaForCausalLM', ['model.layers.0.self_attn.v_proj.weight'])[0]?.expr.op).toBe('source');
  });

  test('Qwen keeps its order', () => {
    expect(map('Qwen2ForCausalLM', weights).map(({ expr }) => expr.op)).toEqual(['source', 'source']);
  });

  test('rows that the heads do not divide', () => {
    const odd = source('model.layers.0.self_attn.q_proj.weight', [12, 8]);
    expect(() => map('LlamaForCausalLM', [odd])).toThrow(
      /^model.layers.0.self_attn.q_proj.weight .* its 12 rows can't be split/,
    );
  });

  test('of queries and keys that are one tensor with values, which stay as they are', () => {
    const fused = source('model.layers.0.self_attn.qkv_proj.base_layer.weight', [12, 8]);
    const [mapped] = map('GraniteSwitchForCausalLM', [fused], { num_attention_heads: 1, num_key_value_heads: 1 });
    expect(mapped && rowsOf(mapped)).toEqual([0, 2, 1, 3, 4, 6, 5, 7, 8, 9, 10, 11]);
  });

  test('of adapters, of which zeros are the first', () => {
    const adapters = { num_adapters: 2, max_lora_rank: 8, num_attention_heads: 1, num_key_value_heads: 1 };
    const names = ['qkv_proj.lora_A_slices.1', 'qkv_proj.lora_B_slices.1'];
    const sources = names.map((name) => source(`model.layers.0.self_attn.${name}`, [2, 1, 4, 8]));
    const mapped = map('GraniteSwitchForCausalLM', sources, adapters);
    expect(mapped.map(({ name, expr }) => [name, shapeOf(expr)])).toEqual([
      ['blk.0.attn_k.lora_a', [3, 4, 8]],
      ['blk.0.attn_k.lora_b', [3, 4, 8]],
    ]);
    expect(mapped.map(rowsOf)).toEqual([
      [0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7],
      [0, 0, 0, 0, 0, 2, 1, 3, 4, 6, 5, 7],
    ]);
  });
});

describe('errors', () => {
  test.each([
    ['an unknown name', 'model.layers.0.mlp.experts.gate.weight'],
    ['a quantized part', 'model.layers.0.mlp.up_proj.weight_scale'],
    ['a number that is not written as one', 'model.layers.00.mlp.up_proj.weight'],
    ['a name from JavaScript', 'constructor.weight'],
  ])('%s', (_, name) => {
    expect(() => names('LlamaForCausalLM', [name])).toThrow(TensorMappingError);
    expect(() => names('LlamaForCausalLM', [name])).toThrow(`Can not map tensor ${name} of model.safetensors`);
  });

  test('a block that the model does not have', () => {
    expect(() => names('Qwen2ForCausalLM', ['model.layers.12.mlp.up_proj.weight'])).toThrow(/12 blocks only/);
  });

  test('two tensors for one', () => {
    expect(() => names('Qwen2ForCausalLM', ['norm.weight', 'model.norm.weight'])).toThrow(
      /more than one tensor for output_norm.weight/,
    );
  });
});

test('a tensor that all blocks for multi-token prediction share is written for each', () => {
  const config = loadConfig({ architectures: ['ExaoneMoEForCausalLM'], num_hidden_layers: 3 });
  const all = known({ ...config, mtp: { blocks: 2, choice: 'with' } });
  const tensors = ['mtp.fc.weight', 'mtp.layers.1.self_attn.q_proj.weight'].map((name) => ({
    name,
    expr: source(name),
  }));
  expect(mapTensors(findArchitecture(all), all, tensors).map(({ name }) => name)).toEqual([
    'blk.3.nextn.eh_proj.weight',
    'blk.4.nextn.eh_proj.weight',
    'blk.4.attn_q.weight',
  ]);
});

test('blocks of two stacks, of which config.json counts one', () => {
  const stacks = ['L_module.layers.1', 'H_module.layers.1'].map((stack) => `model.${stack}.mlp.down_proj.weight`);
  const fields = { num_hidden_layers: 2, H_cycles: 2, L_cycles: 3 };
  expect(names('HrmTextForCausalLM', stacks, fields)).toEqual(['blk.1.ffn_down.weight', 'blk.3.ffn_down.weight']);
  expect(() => names('HrmTextForCausalLM', ['model.H_module.layers.2.mlp.down_proj.weight'], fields)).toThrow(
    TensorMappingError,
  );
});
