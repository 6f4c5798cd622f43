import { common, family } from '../family.js';
import { LLAMA_KEYS, llama } from './llama.js';

/** Granite has no `head_dim`: it is ignored where config.json has one. */
const GRANITE_KEYS = `${LLAMA_KEYS}; -attention.key_length; -attention.value_length; -rope.dimension_count
  rope.dimension_count = $EQUAL_SHARE; attention.scale = attention_multiplier? when set attention_multiplier
  embedding_scale = embedding_multiplier? when set embedding_multiplier
  residual_scale = residual_multiplier? when set residual_multiplier
  logit_scale = logits_scaling? when set logits_scaling; deepstack_mapping = @deepstack_mapping`;

export const granite = family`granite: GraniteForCausalLM (ibm-granite/granite-3.3-2b-instruct) like ${llama}
  keys: ${GRANITE_KEYS}; ignore: + encoder.* *image_* *layerwise_projectors* *spatial_projectors*`;

/** Attention within a window in some layers, and rotary embeddings in some. */
export const graniteSwa = family`granite_swa: GraniteSWAForCausalLM (ibm-granite/granite-3.3-2b-instruct)
    like ${granite}
  keys: + attention.sliding_window = sliding_window?128; $LAYER_WINDOWS when set layer_types
    attention.sliding_window_pattern = layers(every 4, false, true) when not set layer_types
    attention.rope_pattern = layers(no_rope_layers? is [0, false], false, true) when set no_rope_layers
  tensors: $DENSE; $ROTARY; $SINKS`;

const SHARED_KEY = 'expert_shared_feed_forward_length = shared_intermediate_size? when set shared_intermediate_size';
/** Granite SWA with experts, whose gates and ups stay one tensor. */
export const graniteSwaMoe = family`granite_swa: GraniteMoeSWAForCausalLM (ibm-granite/granite-3.3-2b-instruct)
    like ${graniteSwa}
  keys: + ${SHARED_KEY}
  tensors: $DENSE ffn_gate_inp ffn_down_exps ffn_down_shexp; $ROTARY; $SINKS
    .ffn_down_exps.weight = .block_sparse_moe.experts.down_proj
    .ffn_gate_up_exps.weight = .block_sparse_moe.experts.gate_up_proj | .block_sparse_moe.input_linear.weight
    .ffn_up_shexp.* = .shared_mlp.input_linear.*`;

const SHARED_SIZES = 'shared_intermediate_size, shared_intermediate_size';
const SIZES = 'intermediate_size, intermediate_size';

/** What all experts share; without experts, it is the feed-forward part. Gates and ups are one tensor. */
const shared = (ends: string, when: string) => `
  .ffn_gate${ends}.* .ffn_up${ends}.* = .shared_mlp.input_linear.*: split(0, ${SHARED_SIZES}) when ${when}
  .ffn_down${ends}.* = .shared_mlp.output_linear.* when ${when}`;
const GRANITE_MOE_KEYS = `${GRANITE_KEYS}; ${SHARED_KEY}`;
const GRANITE_MOE_TENSORS = `$DENSE ffn_gate_inp ffn_down_exps; $ROTARY
  .ffn_gate_exps.* .ffn_up_exps.* = .block_sparse_moe.input_linear.*: split(1, ${SIZES})
  ${shared('_shexp', 'set num_local_experts')}; ${shared('', 'not set num_local_experts')}`;
export const graniteMoe = family`granitemoe: GraniteMoeForCausalLM GraniteMoeSharedForCausalLM
    (ibm-granite/granite-3.1-3b-a800m-instruct) like ${granite}
  keys: ${GRANITE_MOE_KEYS}; tensors: ${GRANITE_MOE_TENSORS}`;

/**
 * The adapters of a matrix, behind one of zeros. The checkpoint has them as `(adapters, 1, rows, columns)`.
 * @param slice which one it is of the matrices that are one in the checkpoint.
 * @param heads the field that counts the heads of a matrix whose rows are rotary dimensions.
 */
const adapters = (to: string, from: string, slice = '', heads?: string): string => {
  const rotary = `reshape(-1, max_lora_rank), rotary(num_adapters? * ${heads}?),
    reshape(num_adapters, -1, max_lora_rank)`;
  return `
  .${to}.lora_a = .${from}.lora_A${slice}: squeeze(1), lead(1)
  .${to}.lora_b = .${from}.lora_B${slice}: ${heads === undefined ? 'squeeze(1)' : rotary}, lead(1)`;
};
/** A dense Granite with adapters in it, which tokens choose. One block of its configuration is none of the file's. */
export const graniteSwitch = family`graniteswitch: GraniteSwitchForCausalLM (ibm-granite/granite-switch-4.1-3b-preview)
    like ${graniteMoe} unproven
  keys: + block_count = @block_count - 1; expert_used_count = 0 when not set num_local_experts
    adapters.count = num_adapters; adapters.lora_rank = max_lora_rank; adapters.token_ids_activate = adapter_token_ids
    adapters.token_ids_substitute = adapter_substitute_token_ids; adapters.router_gain = control_token_gain?15
  tensors: token_embd output_norm attn_norm ffn_norm
    .attn_qkv.* = .self_attn.qkv_proj.base_layer.*: rotary(@head_count + @kv_head_count, kv_head_count)
    ${adapters('attn_q', 'self_attn.qkv_proj', '_slices.0', 'num_attention_heads')}
    ${adapters('attn_k', 'self_attn.qkv_proj', '_slices.1', 'num_key_value_heads')}
    ${adapters('attn_v', 'self_attn.qkv_proj', '_slices.2')}; .attn_output.* = .self_attn.o_proj.base_layer.*
    ${adapters('attn_output', 'self_attn.o_proj')}
    .ffn_gate.* .ffn_up.* = .shared_mlp.input_linear.base_layer.*: split(0, ${SHARED_SIZES})
    ${adapters('ffn_gate', 'shared_mlp.input_linear', '_slices.0')}
    ${adapters('ffn_up', 'shared_mlp.input_linear', '_slices.1')}; .ffn_down.* = .shared_mlp.output_linear.base_layer.*
    ${adapters('ffn_down', 'shared_mlp.output_linear')}
  drop: + model.switch.* switch.* *adapter_token_ids *control_to_substitute_lut lm_head.weight`;

/** A field whose name may begin with `mamba_`. */
const mamba = (names: string) => `${names}|${names.replaceAll(/\w+/g, 'mamba_$&')}`;

/** What `hidden_size` says of Mamba layers is the size of a head where config.json has that. */
export const INNER_WIDTH = 'mamba_head_dim|hidden_size|d_model?';
export const MAMBA_HEADS = mamba('num_heads');
export const SSM_KEYS = `ssm.conv_kernel = ${mamba('conv_kernel|d_conv')}
  ssm.state_size = ${mamba('state_size|d_state|state_dim|ssm_state_size')}
  ssm.group_count = ${mamba('n_groups|num_groups')}; ssm.inner_size = ${mamba('expand|num_heads')} * ${INNER_WIDTH}
  ssm.time_step_rank = ${mamba('n_heads|num_heads')}; rope.dimension_count = attn_rotary_emb? when set attn_rotary_emb
  attention.head_count_kv:i32[] = layers(@attention_layers is 1, num_key_value_heads|n_head_kv, 0)`;
export const SSM = 'ssm_in ssm_conv1d ssm_dt ssm_a ssm_d ssm_norm ssm_out';
export const SSM_SHAPES = `ssm_conv1d.weight: squeeze(1); ssm_a: exp, neg, reshape(-1, 1); ssm_d: reshape(-1, 1)
  ssm_norm: reshape(${mamba('n_groups|num_groups')}, -1)`;

/** Some layers of attention with rotary embeddings, the others Mamba 2. */
export const bamba = family`granitehybrid: BambaForCausalLM (ibm-ai-platform/Bamba-9B-v2) like ${graniteMoe}
  when: @has_mamba_layers; keys: + ${SSM_KEYS}; rope.scaling.finetuned = true
  tensors: ${GRANITE_MOE_TENSORS}; ${SSM}; ${SSM_SHAPES}; rename: + .dt_bias = .dt_proj.bias
  tokenizer: sentencepiece bpe, multiple 8`;

/** Without rotary embeddings, so that there is no limit to the context. */
export const HYBRID_KEYS = `${GRANITE_MOE_KEYS}; ${SSM_KEYS}; rope.scaling.finetuned = false
  context_length = ${2 ** 20}`;
const HYBRID_CLASS = 'GraniteMoeHybridForCausalLM';
export const graniteHybrid = family`granitehybrid: ${HYBRID_CLASS} (ibm-granite/granite-4.0-h-tiny) like ${bamba}
  keys: ${HYBRID_KEYS}`;

const WITHOUT_MAMBA = common`like ${bamba}
  tokenizer: sentencepiece bpe`;
const USED = 'set num_experts_per_tok|num_experts_per_token';
const BOTH = `BambaForCausalLM ${HYBRID_CLASS}`;
export const graniteHybridAttention = family`granite: ${BOTH} (ibm-granite/granite-4.0-micro)
    like ${WITHOUT_MAMBA} unproven
  when: not @has_mamba_layers and not ${USED}`;

export const graniteHybridAttentionMoe = family`granitemoe: ${BOTH} (ibm-granite/granite-4.0-micro)
    like ${WITHOUT_MAMBA} unproven
  when: not @has_mamba_layers and ${USED}`;
