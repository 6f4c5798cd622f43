import { mapTensors } from '#src/archs/map-tensors.js';
import { findArchitecture } from '#src/archs/registry.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { loadConfig } from '#src/config/load-config.js';
import { loadTensor } from '#src/fill/load-tensor.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { JsonObject } from '#src/json.js';
import { ConfigFieldError } from '#src/language/fields.js';
import type { Probed } from '#src/language/value.js';
import type { SourceExpr } from '#src/tensor/expr.js';
import { memoryRepo } from '../memory-repo.js';
import { written } from './corpus.js';
import { known } from './known.js';

function keys(architecture: string, fields: JsonObject, probes?: ReadonlyMap<string, Probed>): Record<string, unknown> {
  const all = known(loadConfig({ architectures: [architecture], ...fields }));
  const family = findArchitecture(all);
  const kv = new KeyValues();
  for (const rows of [family.firstKeys ?? [], family.keys]) {
    writeKeys({ gguf: family.gguf, keys: rows }, { ...all, ...(probes && { probes }), fileType: 1 }, kv);
  }
  return Object.fromEntries(written(kv).map(([key, , value]) => [key, value]));
}

describe('Falcon-7B', () => {
  // As the repository has it: 71 heads of keys and values, of which transformers' FalconAttention makes one.
  const FALCON_7B = {
    ...{ model_type: 'falcon', multi_query: true, new_decoder_architecture: false, vocab_size: 8 },
    ...{ hidden_size: 8, num_attention_heads: 4, num_kv_heads: 4, num_hidden_layers: 1, layer_norm_epsilon: 1e-5 },
  };

  test('has one head of keys and values, whatever num_kv_heads says', () => {
    expect(keys('FalconForCausalLM', FALCON_7B)['falcon.attention.head_count_kv']).toBe(1);
    const grouped = { ...FALCON_7B, new_decoder_architecture: true, num_kv_heads: 2 };
    expect(keys('FalconForCausalLM', grouped)['falcon.attention.head_count_kv']).toBe(2);
    const several = { ...FALCON_7B, multi_query: false, num_kv_heads: 4 };
    expect(keys('FalconForCausalLM', several)['falcon.attention.head_count_kv']).toBe(4);
  });

  test('its queries stand before the one key and the one value already', async () => {
    // FalconAttention._split_heads: the heads of queries, then a key, then a value.
    const name = 'transformer.h.0.self_attention.query_key_value.weight';
    const shape = [(4 + 2) * 2, 8];
    const expr: SourceExpr = { op: 'source', name, file: 'f', offset: 0, dtype: 'F32', shape };
    const all = known(loadConfig({ architectures: ['FalconForCausalLM'], ...FALCON_7B }));
    const [mapped] = mapTensors(findArchitecture(all), all, [{ name, expr }]);
    const values = new Uint8Array(Float32Array.from({ length: 96 }, (_, i) => i).buffer);
    expect(mapped?.name).toBe('blk.0.attn_qkv.weight');
    expect(await loadTensor(memoryRepo({ f: values }), mapped?.expr ?? expr)).toEqual(values);
  });
});

test('OpenELM: the widths of its blocks are those of its own configuration_openelm.py', () => {
  // What its make_divisible makes of OpenELM-270M's multipliers, and of one that is rounded down by more than a tenth.
  const multipliers = [0.5, 0.73, 0.97, 1.2, 1.43, 1.67, 1.9, 2.13, 2.37, 2.6, 2.83, 3.07, 3.3, 3.53, 3.77, 4.0];
  const heads = multipliers.map(() => 4);
  const widths = (fields: JsonObject) =>
    keys('OpenELMForCausalLM', {
      ...{ num_transformer_layers: 16, max_context_length: 2048, num_query_heads: heads, num_kv_heads: heads },
      ...{ rope_freq_constant: 10000, head_dim: 64, ...fields },
    })['openelm.feed_forward_length'];
  expect(widths({ ffn_multipliers: multipliers, ffn_dim_divisor: 256, model_dim: 1280 })).toEqual([
    ...[768, 1024, 1280, 1536, 1792, 2048, 2560, 2816, 3072, 3328, 3584, 3840, 4352, 4608, 4864, 5120],
  ]);
  expect(widths({ ffn_multipliers: [0.0111, 0.0145, 0.004, 0.013], ffn_dim_divisor: 8, model_dim: 1000 })).toEqual([
    16, 16, 8, 16,
  ]);
});

test("Jais: its slopes tell the bias that they were made from, which stands before the model's other keys", () => {
  const JAIS = {
    ...{ activation_function: 'swiglu', position_embedding_type: 'alibi', n_layer: 1, n_positions: 8, n_embd: 8 },
    ...{ n_inner: 16, n_head: 6, layer_norm_epsilon: 1e-5 },
  };
  // The first of 2 ** floor(log2(heads)) slopes is 2 ** (-bias / 4).
  const bias = (slopes: readonly number[]) => keys('JAISLMHeadModel', JAIS, new Map([['alibi_slopes', slopes]]));
  expect(bias([2 ** -2, 2 ** -4])['jais.attention.max_alibi_bias']).toBe(8);
  expect(bias([2 ** -4, 2 ** -8])['jais.attention.max_alibi_bias']).toBe(16);
  expect(Object.keys(bias([2 ** -2]))[0]).toBe('jais.attention.max_alibi_bias');
  expect(() => keys('JAISLMHeadModel', { ...JAIS, activation_function: 'gelu' })).toThrow(/Jais without SwiGLU/);
});

describe('Phi-3', () => {
  const PHI3 = {
    ...{ model_type: 'phi3', hidden_size: 8, num_attention_heads: 1, num_key_value_heads: 1, num_hidden_layers: 1 },
    ...{ intermediate_size: 8, max_position_embeddings: 131072, original_max_position_embeddings: 4096 },
  };
  const rope = (fields: JsonObject) => keys('Phi3ForCausalLM', { ...PHI3, rope_scaling: fields });
  const four = [1, 2, 3, 4];

  test('LongRoPE scales attention by how much longer texts have become', () => {
    const scaled = rope({ type: 'longrope', long_factor: four, short_factor: four });
    // sqrt(1 + log(32) / log(4096)), as in the file that the reference wrote of phi3-longrope.
    expect(scaled['phi3.rope.scaling.attn_factor']).toBe(1.190238118171692);
  });

  test('another number of factors than a head has pairs of rotated dimensions is refused', () => {
    const few = () => rope({ type: 'longrope', long_factor: [1, 2], short_factor: [1, 2] });
    expect(few).toThrow(ConfigFieldError);
    expect(few).toThrow(/2 long and 2 short factors, and a head has 4 pairs/);
  });
});

test('MPT: heads of keys and values count where transformers does not know the kind of attention', () => {
  const heads = (attention: JsonObject) =>
    keys('MPTForCausalLM', {
      ...{ model_type: 'mpt', d_model: 64, n_heads: 4, n_layers: 1, max_seq_len: 128 },
      attn_config: { alibi: true, alibi_bias_max: 16, kv_n_heads: 2, clip_qkv: null, ...attention },
    });
  expect(heads({ attn_type: 'grouped_query_attention' })).toMatchObject({
    'mpt.attention.head_count_kv': 2,
    'mpt.attention.max_alibi_bias': 16,
  });
  expect(heads({ attn_type: 'multihead_attention' })).not.toHaveProperty(['mpt.attention.head_count_kv']);
  expect(heads({ attn_type: 'multihead_attention', alibi: false })['mpt.attention.max_alibi_bias']).toBe(0);
});
