import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, TEXT_KEYS } from '../text-keys.js';
import { QWEN_MOE_KEYS, qwen3moe } from './qwen-moe.js';
import { QWEN2_KEYS } from './qwen2.js';

/** Models that fill masked tokens in, in any order, so that each token sees all others. */
const NOT_CAUSAL: KeyRow = ['{arch}.attention.causal', 'bool', { value: false }];
const MASK: KeyRow = ['tokenizer.ggml.mask_token_id', 'u32', fields('mask_token_id')];
const NO_SHIFT: KeyRow = ['diffusion.shift_logits', 'bool', { value: false }];

export const dream = {
  ...TEXT_MODEL,
  classes: ['DreamModel'],
  gguf: 'dream',
  example: 'Dream-org/Dream-v0-Instruct-7B',
  keys: [...QWEN2_KEYS, NOT_CAUSAL, MASK],
  tensors: named(DENSE),
  tokenizer: { kinds: ['sentencepiece', 'bpe'], addedTokens: 'as-they-are' },
  unproven: true,
} as const satisfies Architecture;

export const llada = {
  ...TEXT_MODEL,
  classes: ['LLaDAModelLM'],
  gguf: 'llada',
  example: 'GSAI-ML/LLaDA-8B-Instruct',
  keys: [
    ...QWEN2_KEYS,
    needed('vocab_size', 'u32', 'vocab_size'),
    [
      '{arch}.rope.dimension_count',
      'u32',
      {
        first: [
          fields('head_dim'),
          { math: 'quotient', of: [fields('hidden_size', 'd_model'), fields('num_attention_heads', 'n_heads')] },
        ],
      },
    ],
    ['{arch}.context_length', 'u32', { fields: ['max_sequence_length'], or: 4096 }],
    ['{arch}.embedding_length', 'u32', { fields: ['d_model'], or: 4096 }],
    ['{arch}.feed_forward_length', 'u32', { fields: ['mlp_hidden_size'], or: 12288 }],
    NOT_CAUSAL,
    NO_SHIFT,
  ],
  tensors: named(DENSE, ROTARY),
  tokenizer: { kinds: ['bpe'], addedTokens: 'as-they-are', after: ['add-bos'] },
  unproven: true,
} as const satisfies Architecture;

export const lladaMoe = {
  ...TEXT_MODEL,
  classes: ['LLaDAMoEModel', 'LLaDAMoEModelLM'],
  gguf: 'llada-moe',
  example: 'inclusionAI/LLaDA-MoE-7B-A1B-Instruct',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.expert_feed_forward_length', 'u32', fields('expert_intermediate_size')],
    ['tokenizer.ggml.mask_token_id', 'u32', { value: 156895 }],
    NOT_CAUSAL,
    NO_SHIFT,
  ],
  tensors: [...named(`${DENSE} ffn_gate_inp attn_q_norm attn_k_norm`), ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP)],
} as const satisfies Architecture;

export const rnd1 = {
  ...qwen3moe,
  classes: ['RND1'],
  gguf: 'rnd1',
  example: 'radicalnumerics/RND1-Base-0910',
  keys: [...QWEN_MOE_KEYS, NOT_CAUSAL, MASK],
  unproven: true,
} as const satisfies Architecture;
