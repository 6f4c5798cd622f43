import type { TensorRule } from '../architecture.js';
import { family } from '../family.js';
import { tensorRules } from '../tensor-rules.js';

const NAMES = 'token_embd output_norm attn_norm attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down';
/** Command R, Aya. `max_position_embeddings` says less than what the model was trained on. */
export const commandR = family`command-r: CohereForCausalLM (CohereLabs/c4ai-command-r-v01)
  keys: + !context_length[] = model_max_length|max_position_embeddings?; logit_scale; $NO_SCALING
  tensors: ${NAMES} $QK_NORMS`;

/** Rules for tensors and their biases. Biases, where a checkpoint has them, hold nothing, and are not written. */
const withoutBiases = (names: string): readonly TensorRule[] => {
  const ending = (end: string, all: readonly string[] = []) => all.map((name) => name.replace(/\.\*$/, end));
  return tensorRules(names).flatMap((rule) => [
    { ...rule, from: ending('.weight', rule.from), to: (rule.to ?? '').replace(/\*$/, 'weight') },
    { from: ending('.bias', rule.from), when: { probe: 'zero_biases', is: true } },
  ]);
};
export const cohere2 = family`cohere2: Cohere2ForCausalLM (CohereLabs/c4ai-command-r7b-12-2024)
  keys: + logit_scale; attention.sliding_window = sliding_window; vocab_size
    rope.dimension_count = floor(rotary_pct * $EQUAL_SHARE); $NO_SCALING
  probes: zero_biases: zero *.bias; tensors: ${() => withoutBiases(NAMES)}`;

export const cohere2moe = family`cohere2moe: Cohere2MoeForCausalLM (CohereLabs/North-Mini-Code-1.0) like ${cohere2}
  keys: $TEXT_KEYS; logit_scale; attention.sliding_window = sliding_window
    attention.sliding_window_pattern = layers(layer_types is "sliding_attention"); vocab_size
    expert_feed_forward_length = intermediate_size; leading_dense_block_count = @leading_dense_blocks
    expert_weights_norm = norm_topk_prob?false; expert_shared_count = @averaged_shared_experts
    expert_shared_feed_forward_length = intermediate_size * @averaged_shared_experts; $NEXTN_IF_ANY
    rope.dimension_count = head_dim; $NO_SCALING
  mtp: blocks num_nextn_predict_layers?
  tensors: ${() => [
    ...withoutBiases(`${NAMES} output ffn_gate_inp`),
    ...withoutBiases(`$SHARED $NEXTN_TENSORS`),
    ...tensorRules('$EXPERTS'),
  ]}`;
