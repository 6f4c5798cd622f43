import type { Architecture, Condition, KeyRow, TensorRule } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, NEXTN_TENSORS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { EQUAL_SHARE, fields, LAYER_WINDOWS, needed, required, rotaryDimensions, TEXT_KEYS } from '../text-keys.js';

export const exaone = {
  ...TEXT_MODEL,
  classes: ['ExaoneForCausalLM'],
  gguf: 'exaone',
  example: 'LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct',
  keys: [...TEXT_KEYS, rotaryDimensions(EQUAL_SHARE, 1)],
  tensors: named(DENSE),
  extra: ['rope_freqs'],
} as const satisfies Architecture;

const WINDOW: Condition = { value: fields('sliding_window'), above: -1 };

const EXAONE4_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  needed('vocab_size', 'u32', 'vocab_size'),
  ['{arch}.attention.sliding_window', 'u32', fields('sliding_window')],
  [LAYER_WINDOWS[0], 'bool[]', { first: [LAYER_WINDOWS[2], { derive: 'repeated_windows' }] }, WINDOW],
];

const NORMED =
  'token_embd output_norm output attn_q attn_k attn_v attn_output post_attention_norm post_ffw_norm ' +
  'ffn_gate ffn_up ffn_down attn_q_norm attn_k_norm';

/** Norms stand behind attention and feed-forward; some layers attend within a window. */
export const exaone4 = {
  ...exaone,
  classes: ['Exaone4ForCausalLM'],
  gguf: 'exaone4',
  example: 'LGAI-EXAONE/EXAONE-4.0-32B',
  keys: EXAONE4_KEYS,
  tensors: named(NORMED),
} as const satisfies Architecture;

/** What all blocks for multi-token prediction share. */
const MTP_SHARED: readonly TensorRule[] = [
  ['mtp.fc', 'eh_proj'],
  ['mtp.pre_fc_norm_embedding', 'enorm'],
  ['mtp.pre_fc_norm_hidden', 'hnorm'],
  ['mtp.norm', 'shared_head_norm'],
].map(([from, to]) => ({ from: [`${from}.*`], to: `blk.{mtp}.nextn.${to}.*` }));

const NEXTN = fields('num_nextn_predict_layers');
const SHARES: Condition = { set: fields('mtp_share_layers') };

/** EXAONE 4.5's text model, with blocks for multi-token prediction. */
export const exaone45 = {
  ...exaone4,
  classes: ['Exaone4_5_ForConditionalGeneration'],
  when: { all: [{ set: NEXTN }, { not: SHARES }] },
  example: 'LGAI-EXAONE/EXAONE-4.5-33B',
  keys: [...EXAONE4_KEYS, ['{arch}.nextn_predict_layers', 'u32', NEXTN]],
  blocks: [...TEXT_MODEL.blocks, { begin: 'mtp.layers.{b}', after: 'main_block_count' }],
  tensors: [...exaone4.tensors, ...MTP_SHARED],
  mtp: { blocks: NEXTN },
} as const satisfies Architecture;

/** These blocks are one and the same. */
export const exaone45Shared = {
  ...exaone45,
  when: { all: [{ set: NEXTN }, SHARES] },
  blocks: TEXT_MODEL.blocks,
  tensors: [
    ...exaone4.tensors,
    ...exaone4.tensors
      .filter(({ to }) => to?.startsWith('blk.'))
      .map(({ from = [], to = '' }) => ({
        from: from.map((name) => name.replace('{L}', 'mtp.layers.{x}')),
        to: to.replace('{b}', '{mtp}'),
      })),
    ...MTP_SHARED,
  ],
  unproven: true,
} as const satisfies Architecture;

export const exaone45Alone = {
  ...exaone4,
  classes: exaone45.classes,
  when: { not: { set: NEXTN } },
  example: exaone45.example,
  drop: [...TEXT_MODEL.drop, 'mtp.*'],
  unproven: true,
} as const satisfies Architecture;

const EXPERT_SIZE = required('moe_intermediate_size');
const DENSE_LAYERS = ['first_k_dense_replace', 'first_last_k_dense_replace'];

export const exaoneMoe = {
  ...exaone,
  classes: ['ExaoneMoEForCausalLM', 'ExaoneMoeForCausalLM'],
  gguf: 'exaone-moe',
  example: 'LGAI-EXAONE/K-EXAONE-236B-A23B',
  keys: [
    ...EXAONE4_KEYS,
    ['{arch}.expert_feed_forward_length', 'u32', EXPERT_SIZE],
    needed('expert_shared_count', 'u32', 'num_shared_experts'),
    [
      '{arch}.expert_shared_feed_forward_length',
      'u32',
      { math: 'mul', of: [EXPERT_SIZE, required('num_shared_experts')] },
    ],
    needed('expert_weights_scale', 'f32', 'routed_scaling_factor'),
    needed('expert_weights_norm', 'bool', 'norm_topk_prob'),
    ['{arch}.leading_dense_block_count', 'u32', { fields: DENSE_LAYERS, or: 0 }],
    ['{arch}.nextn_predict_layers', 'u32', { fields: ['num_nextn_predict_layers'], or: 0 }],
    ['{arch}.rope.scaling.type', 'string', { value: 'none' }],
  ],
  blocks: exaone45.blocks,
  tensors: [
    ...named(
      `${DENSE} ffn_gate_inp exp_probs_b ffn_gate_shexp ffn_up_shexp ffn_down_shexp attn_q_norm attn_k_norm ` +
        NEXTN_TENSORS,
    ),
    ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
    ...MTP_SHARED,
  ],
  mtp: { blocks: NEXTN },
} as const satisfies Architecture;
