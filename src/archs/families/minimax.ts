import type { Architecture, KeyRow, KeyType, Transform } from '../architecture.js';
import { experts, TEXT_MODEL, W123 } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed, TEXT_KEYS } from '../text-keys.js';

const EXPERTS = experts('block_sparse_moe.experts.{x}.{p}', W123);
const ATTENTION = 'token_embd output_norm output attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate_inp';

/** MiniMax-Text-01 and M1: lightning attention in most layers. Added tokens without an embedding are suppressed. */
export const minimax01 = {
  ...TEXT_MODEL,
  classes: ['MiniMaxText01ForCausalLM', 'MiniMaxM1ForCausalLM'],
  gguf: 'minimax-01',
  example: 'MiniMaxAI/MiniMax-Text-01',
  keys: [
    ...TEXT_KEYS,
    ['tokenizer.ggml.suppress_tokens', 'i32[]', { probe: 'zero_rows' }, { set: { probe: 'zero_rows' } }],
    needed('residual_scale', 'f32', 'layernorm_full_attention_alpha'),
    needed('rope.dimension_count', 'u32', 'rotary_dim'),
  ],
  files: ['tokenizer.json'],
  probes: [
    { id: 'zero_rows', want: 'zero-rows', of: ['model.embed_tokens.weight'], from: { derive: 'own_token_count' } },
  ],
  tensors: [
    ...named(
      'token_embd output_norm output attn_norm attn_norm_2 attn_qkv attn_q attn_k attn_v attn_output attn_gate ' +
        'ffn_norm ffn_gate_inp',
    ),
    ...EXPERTS,
  ],
  tokenizer: { kinds: ['bpe'], after: ['template-file'] },
} as const satisfies Architecture;

export const minimaxM2 = {
  ...TEXT_MODEL,
  classes: ['MiniMaxM2ForCausalLM'],
  gguf: 'minimax-m2',
  example: 'MiniMaxAI/MiniMax-M2',
  keys: [
    ...TEXT_KEYS,
    needed('expert_feed_forward_length', 'u32', 'intermediate_size'),
    needed('rope.dimension_count', 'u32', 'rotary_dim'),
  ],
  tensors: [...named(`${ATTENTION} exp_probs_b attn_q_norm attn_k_norm`), ...EXPERTS],
} as const satisfies Architecture;

const indexer = (key: string, field: string, type: KeyType = 'u32'): KeyRow => [
  `{arch}.attention.indexer.${key}`,
  type,
  { fields: [field], of: ['sparse_attention_config'], required: true },
];

const PLUS_ONE: readonly Transform[] = [['add', 1]];
const NORMS = ['output', 'attn', 'ffn', 'attn_q', 'attn_k', 'indexer.q', 'indexer.k'];

/** An indexer chooses what is attended to. The checkpoint's norms are those of the model, less one. */
export const minimaxM3 = {
  ...minimaxM2,
  classes: ['MiniMaxM3SparseForCausalLM', 'MiniMaxM3SparseForConditionalGeneration'],
  gguf: 'minimax-m3',
  example: 'MiniMaxAI/MiniMax-M3',
  keys: [
    ...minimaxM2.keys,
    needed('expert_shared_count', 'u32', 'n_shared_experts'),
    needed('expert_weights_scale', 'f32', 'routed_scaling_factor'),
    ['{arch}.expert_weights_norm', 'bool', { value: true }],
    indexer('head_count', 'sparse_num_index_heads'),
    indexer('key_length', 'sparse_index_dim'),
    indexer('top_k', 'sparse_topk_blocks'),
    indexer('block_size', 'sparse_block_size'),
    indexer('local_blocks', 'sparse_local_block'),
    ['{arch}.leading_dense_block_count', 'u32', { derive: 'leading_dense_layers' }],
  ],
  tensors: [
    ...named(
      `${ATTENTION} exp_probs_b ffn_gate ffn_up ffn_down ffn_gate_shexp ffn_up_shexp ffn_down_shexp ` +
        'attn_q_norm attn_k_norm indexer.q_proj indexer.k_proj indexer.q_norm indexer.k_norm',
      Object.fromEntries(NORMS.map((name) => [`${name}_norm.weight`, PLUS_ONE])),
    ),
    ...EXPERTS,
  ],
  types: [['*.indexer.*', 'F32']],
} as const satisfies Architecture;
