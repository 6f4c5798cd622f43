import type { Architecture, LayerTest, TensorRule, Value } from '../architecture.js';
import { block, DOWN_GATE_UP, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields } from '../text-keys.js';

const HIDDEN = fields('hidden_size', 'mamba_d_model');
const minus = (value: Value): Value => ({ math: 'sub', of: [{ value: 0 }, value] });
const field = (name: string): Value => ({ fields: [name], required: true });
const EXPERT_LAYERS: LayerTest = { every: field('expert_layer_period'), after: minus(field('expert_layer_offset')) };

const EXPERTS: readonly TensorRule[] = experts('feed_forward.experts.{x}.{p}', DOWN_GATE_UP);
/** Some checkpoints call the only feed-forward part of a layer without experts its first expert. */
const FIRST_EXPERT = ['ffn_down', 'ffn_gate', 'ffn_up'].map((to, i) =>
  block(to, [`feed_forward.experts.0.${DOWN_GATE_UP[i]?.[0]}`]),
);

/** Mamba, with attention in some layers and experts in others. */
export const jamba = {
  ...TEXT_MODEL,
  classes: ['JambaForCausalLM'],
  gguf: 'jamba',
  example: 'ai21labs/Jamba-v0.1',
  rename: [['.moe.', '.feed_forward.']],
  keys: [
    ['{arch}.block_count', 'u32', { derive: 'block_count' }],
    ['{arch}.context_length', 'u32', { fields: ['max_position_embeddings', 'n_ctx'], required: true }],
    ['{arch}.embedding_length', 'u32', HIDDEN],
    ['{arch}.feed_forward_length', 'u32', field('intermediate_size')],
    ['{arch}.attention.head_count', 'u32', field('num_attention_heads')],
    [
      '{arch}.attention.head_count_kv',
      'i32[]',
      {
        layers: { every: field('attn_layer_period'), after: minus(field('attn_layer_offset')) },
        yes: field('num_key_value_heads'),
        no: { value: 0 },
      },
    ],
    ['{arch}.ssm.conv_kernel', 'u32', { fields: ['mamba_d_conv'], or: 4 }],
    ['{arch}.ssm.inner_size', 'u32', { math: 'mul', of: [field('mamba_expand'), HIDDEN] }],
    ['{arch}.ssm.state_size', 'u32', { fields: ['mamba_d_state'], or: 16 }],
    [
      '{arch}.ssm.time_step_rank',
      'u32',
      {
        first: [
          fields('mamba_dt_rank'),
          { math: 'quotient', of: [{ math: 'add', of: [HIDDEN, { value: 15 }] }, { value: 16 }] },
        ],
      },
    ],
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['layer_norm_epsilon', 'rms_norm_eps'], or: 1e-6 }],
    ['{arch}.expert_count', 'u32', { fields: ['num_local_experts', 'num_experts'], required: true }],
    ['{arch}.expert_used_count', 'u32', { fields: ['num_experts_per_tok', 'num_experts_per_token'], required: true }],
    ['general.file_type', 'u32', { derive: 'file_type' }],
  ],
  tensors: [
    ...named('token_embd output_norm output attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate_inp'),
    ...named('ffn_gate ffn_up ffn_down'),
    ...FIRST_EXPERT.map((rule) => ({ ...rule, on: { not: EXPERT_LAYERS } })),
    ...EXPERTS.map((rule) => ({ ...rule, on: EXPERT_LAYERS })),
    ...named('ssm_in ssm_conv1d ssm_x ssm_dt ssm_dt_norm ssm_a ssm_b_norm ssm_c_norm ssm_d ssm_out', {
      'ssm_conv1d.weight': [['squeeze', 1]],
      ssm_a: [['exp'], ['neg']],
    }),
  ],
  tokenizer: { kinds: ['sentencepiece', 'llama-hf'], after: ['no-space-prefix-without-model'] },
} as const satisfies Architecture;
