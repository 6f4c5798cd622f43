import { family } from '../family.js';
import { DEEPSEEK2, DEEPSEEK2_OUTPUT, DEEPSEEK2_TENSORS, KV_B, MLA } from './deepseek.js';
import { llama } from './llama.js';

const MISTRAL3_CLASSES = 'Ministral3ForCausalLM Mistral3ForConditionalGeneration';
/** Mistral 3, 3.1, 3.2 and Ministral 3: Llama, with Ministral's attention temperature. */
export const mistral3 = family`mistral3: ${MISTRAL3_CLASSES} (mistralai/Ministral-3-3B-Instruct-2512) like ${llama}
  when: model_type != "mistral4"
  keys: + if model_type == "ministral3" {
      rope.scaling.yarn_log_multiplier = @ministral3_yarn_multiplier
      attention.temperature_scale = rope_root/llama_4_scaling_beta
    }`;

/** YaRN and the temperature of attention, as Mistral's own format has them. */
const MISTRAL_FORMAT_KEYS = `
  if set yarn {
    rope.scaling.type = "yarn"; rope.scaling.factor = yarn/factor; rope.scaling.yarn_beta_fast = yarn/beta
    rope.scaling.yarn_beta_slow = yarn/alpha; rope.scaling.yarn_log_multiplier = 0 when set yarn/apply_scale!
    rope.scaling.yarn_log_multiplier = 1 when not set yarn/apply_scale!
    rope.scaling.original_context_length = yarn/original_max_position_embeddings
  }
  attention.temperature_scale = llama_4_scaling/beta?`;
/** Models in Mistral's own format, whose queries and keys are as llama.cpp wants them. */
export const mistralFormat = family`llama: MistralModel (mistralai/Mistral-7B-Instruct-v0.3) like ${llama} unproven
  when: not has llama_4_scaling; keys: + -vocab_size; ${MISTRAL_FORMAT_KEYS}; tensors: $DENSE
  tokenizer: mistral`;

export const mistral3Format = family`mistral3: MistralModel (mistralai/Ministral-3-3B-Instruct-2512)
    like ${mistralFormat} unproven
  when: has llama_4_scaling`;

/** DeepSeek V2's layers. The gates of all experts of a block are in one tensor with their up projections. */
export const mistral4 = family`mistral4: ${MISTRAL3_CLASSES} (mistralai/Mistral-Small-4-119B-2603)
    like ${DEEPSEEK2} unproven
  when: model_type == "mistral4"
  tensors: ${DEEPSEEK2_TENSORS} ${MLA}; ${DEEPSEEK2_OUTPUT}; ${KV_B}
    .ffn_gate_up_exps.weight = .mlp.experts.gate_up_proj[.weight]
    .ffn_down_exps.weight = .mlp.experts.down_proj[.weight]`;

/** Mistral's mixtures of experts in its own format: DeepSeek V2's layers under the names of its files. */
export const mistralMoe = family`deepseek2: MistralMoeModel (mistralai/Mistral-Large-3-675B-Instruct-2512)
    like ${DEEPSEEK2} unproven
  keys: + ${MISTRAL_FORMAT_KEYS}; attention.temperature_length = yarn/original_max_position_embeddings
    rope.scaling.yarn_log_multiplier = 0.1
  tensors: ${DEEPSEEK2_TENSORS} ${MLA} output; ${KV_B.replaceAll('self_attn', 'attention')}
    experts .experts.{x}: w2 w1 w3
  rename: .wkv_b. = .kv_b_proj.; tokenizer: mistral`;
