import type { TensorRule } from '../architecture.js';
import { family } from '../family.js';
import { tensorRules } from '../tensor-rules.js';
import { graniteHybrid, HYBRID_KEYS, INNER_WIDTH, MAMBA_HEADS, SSM, SSM_SHAPES } from './granite.js';

const HEAD = 'head_dim|attention_head_dim';
/** Granite's keys for hybrids, where a pattern says which layers are of attention. */
const KEYS = `${HYBRID_KEYS}
  !attention.head_count_kv:i32[] = layers(@nemotron_attention_layers is 1, num_key_value_heads, 0)
  !ssm.inner_size = ${MAMBA_HEADS} * ${INNER_WIDTH}
  attention.key_length = ${HEAD}; attention.value_length = ${HEAD}`;
const feedForward = (size: string) => `feed_forward_length:i32[] = layers(@nemotron_mlp_layers is 1, ${size}, 0)`;
const ATTENTION = 'attn_norm attn_q attn_k attn_v attn_output';
const LAYERS = `token_embd output_norm output ${ATTENTION} ${SSM}`;
const SHAPES = `$ROTARY; ${SSM_SHAPES}`;
const KEEP = 'backbone.embeddings.weight backbone.norm_f.weight lm_head.weight';
/** Each layer is a Mamba 2, attention or a feed-forward part. */
export const nemotronH = family`nemotron_h: NemotronHForCausalLM (nvidia/Nemotron-H-8B-Base-8K) like ${graniteHybrid}
  when: not has num_experts_per_tok
  keys: ${KEYS}; ${feedForward('intermediate_size|n_inner|hidden_dim')}
  tensors: ${LAYERS} ffn_up ffn_down; ${SHAPES}
  mtp: blocks 0, names mtp.*, keep ${KEEP}; tokenizer: bpe, multiple 8, after add-bos`;

const MOE_TENSORS = `ffn_gate_inp exp_probs_b ffn_up_shexp ffn_down_shexp ffn_latent_down ffn_latent_up
  experts .mixer.experts.{x}: down_proj up_proj`;
/** Rules for the block for multi-token prediction, which the checkpoint has as two. */
const mtp = (part: number, rules: readonly TensorRule[]): readonly TensorRule[] =>
  rules.map((rule) => ({
    ...rule,
    from: rule.from?.map((name) => name.replace('{L}', `mtp.layers.${part}`)) ?? [],
    to: rule.to?.replace('{b}', '{mtp}') ?? '',
    ...(rule.group === undefined ? {} : { group: 'mtp experts' }),
  }));
const EXPERT_KEYS = `
  expert_shared_feed_forward_length = moe_shared_expert_intermediate_size; expert_count = n_routed_experts
  expert_shared_count = n_shared_experts; expert_weights_norm = norm_topk_prob
  expert_weights_scale = routed_scaling_factor; expert_group_count = n_group`;
export const nemotronHMoe = family`nemotron_h_moe: NemotronHForCausalLM (nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16)
    like ${nemotronH}
  when: has num_experts_per_tok
  keys: ${KEYS}; ${feedForward('moe_intermediate_size')}; expert_used_count = num_experts_per_tok
    expert_feed_forward_length = moe_intermediate_size; ${EXPERT_KEYS}; moe_latent_size = moe_latent_size?
    $NEXTN_IF_ANY
  # ref-quirk: prepare_tensors knows a router by the block's number in the checkpoint.
  types: blk.{mtp}.ffn_gate_inp.weight outtype
  mtp: blocks num_nextn_predict_layers?, names mtp.*, keep ${KEEP}; tokenizer: bpe, multiple 8
  tensors: ${() => [
    ...tensorRules(`${LAYERS}; ${SHAPES}`),
    ...tensorRules(MOE_TENSORS),
    ...mtp(0, tensorRules(`${ATTENTION} nextn.enorm nextn.hnorm nextn.eh_proj; $ROTARY`)),
    ...mtp(1, tensorRules(MOE_TENSORS)),
    ...tensorRules(`
      blk.{mtp}.post_attention_norm.weight = mtp.layers.1.norm.weight
      blk.{mtp}.nextn.shared_head_norm.weight = mtp.layers.1.final_layernorm.weight`),
  ]}`;

/** Layers with numbers of their own. Its blocks for multi-token prediction are another kind, and not written. */
export const nemotronHPuzzle = family`nemotron_h_moe: NemotronHPuzzleForCausalLM
    (nvidia/NVIDIA-Nemotron-Labs-3-Puzzle-75B-A9B-BF16) like ${nemotronHMoe} unproven
  when: has block_configs
  keys: ${KEYS}; feed_forward_length:i32[] = @puzzle_feed_forward
    expert_feed_forward_length:i32[] = @puzzle_feed_forward; expert_used_count:i32[] = @puzzle_experts_used
    ${EXPERT_KEYS}; moe_latent_size
  tensors: ${LAYERS}; ${SHAPES}; ${MOE_TENSORS}; ignore: + mtp.*; types:; mtp: blocks 0`;
