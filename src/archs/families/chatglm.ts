import type { Architecture, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields } from '../text-keys.js';

const WIDTH: Value = { fields: ['hidden_size', 'n_embed'], required: true };
const HEADS: Value = { fields: ['n_head', 'num_attention_heads'], required: true };
const ROTATED: Value = {
  math: 'mul',
  of: [
    { first: [fields('attention_dim'), { math: 'quotient', of: [WIDTH, fields('num_attention_heads')] }] },
    { fields: ['partial_rotary_factor'], of: 'rope_root', or: 0.5 },
  ],
};

/** ChatGLM 3, GLM 4 under its older class, GLM-Edge. */
export const chatglm = {
  ...TEXT_MODEL,
  classes: ['GlmForCausalLM', 'ChatGLMModel', 'ChatGLMForConditionalGeneration'],
  gguf: 'chatglm',
  example: 'zai-org/glm-4-9b-chat-hf',
  strip: ['transformer.'],
  drop: [...TEXT_MODEL.drop, '*rotary_pos_emb.inv_freq'],
  keys: [
    ['{arch}.context_length', 'u32', { first: [fields('seq_length'), WIDTH] }],
    ['{arch}.embedding_length', 'u32', WIDTH],
    [
      '{arch}.feed_forward_length',
      'u32',
      { first: [fields('ffn_hidden_size', 'intermediate_size'), { math: 'mul', of: [{ value: 4 }, WIDTH] }] },
    ],
    ['{arch}.block_count', 'u32', { derive: 'block_count' }],
    ['{arch}.attention.head_count', 'u32', HEADS],
    [
      '{arch}.attention.head_count_kv',
      'u32',
      { first: [fields('multi_query_group_num', 'num_key_value_heads'), HEADS] },
    ],
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['layernorm_epsilon'], or: 1e-5 }],
    ['general.file_type', 'u32', { derive: 'file_type' }],
    ['{arch}.rope.dimension_count', 'u32', { math: 'quotient', of: [ROTATED, { value: 1 }] }],
    ['tokenizer.ggml.add_bos_token', 'bool', { value: false }],
    ['{arch}.rope.freq_base', 'f32', { math: 'mul', of: [{ value: 10_000 }, { fields: ['rope_ratio'], or: 1 }] }],
  ],
  tensors: named(
    'token_embd output_norm output attn_norm attn_qkv attn_q attn_k attn_v attn_output ffn_norm ffn_up ffn_down',
  ),
  tokenizer: {
    kinds: ['glm4-tiktoken', 'chatglm3', 'bpe'],
    roles: { eos: '<|endoftext|>', eot: '<|user|>', unk: '<|endoftext|>' },
  },
} as const satisfies Architecture;
