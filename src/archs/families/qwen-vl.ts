import type { Architecture, KeyRow, Transform } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';
import { QWEN_EXPERTS, QWEN_MOE_KEYS, qwen3moe } from './qwen-moe.js';
import { qwen2 } from './qwen2.js';
import { QWEN3_KEYS, qwen3 } from './qwen3.js';

/** The language models of Qwen2-VL, Qwen2.5-VL and Qwen2.5-Omni. */
export const qwen2vl = {
  ...TEXT_MODEL,
  classes: [
    'Qwen2VLModel',
    'Qwen2VLForConditionalGeneration',
    'Qwen2_5_VLForConditionalGeneration',
    'Qwen2_5OmniModel',
  ],
  gguf: 'qwen2vl',
  example: 'Qwen/Qwen2.5-VL-3B-Instruct',
  strip: ['thinker.'],
  keys: TEXT_KEYS,
  tensors: named(DENSE),
  tokenizer: qwen2.tokenizer,
} as const satisfies Architecture;

const DEEPSTACK: KeyRow = ['{arch}.n_deepstack_layers', 'u32', { derive: 'deepstack_layer_count' }];
const NO_DEEPSTACK: KeyRow = ['{arch}.n_deepstack_layers', 'u32', { value: 0 }];

export const qwen3vl = {
  ...qwen3,
  classes: ['Qwen3VLForConditionalGeneration'],
  gguf: 'qwen3vl',
  example: 'Qwen/Qwen3-VL-4B-Instruct',
  strip: ['thinker.'],
  keys: [...QWEN3_KEYS, DEEPSTACK],
} as const satisfies Architecture;

export const qwen3asr = {
  ...qwen3vl,
  classes: ['Qwen3ASRForConditionalGeneration'],
  example: 'Qwen/Qwen3-ASR-0.6B-hf',
  keys: [...QWEN3_KEYS, NO_DEEPSTACK],
  tokenizer: { ...qwen2.tokenizer, after: ['chatml-template', 'im-end-ids'] },
} as const satisfies Architecture;

/** All experts in one tensor, with inputs before outputs: `[experts, size, 2 * own]`. */
const transposedHalf = (i: number): readonly Transform[] => [
  ['chunk', 2, 2],
  ['take', i],
  ['transpose', 1, 2],
];
const stacked = (name: string) => [`{L}.mlp.experts.${name}`, `{L}.mlp.experts.${name}.weight`];

export const qwen3vlmoe = {
  ...qwen3moe,
  classes: ['Qwen3VLMoeForConditionalGeneration'],
  gguf: 'qwen3vlmoe',
  example: 'Qwen/Qwen3-VL-30B-A3B-Instruct',
  strip: ['thinker.'],
  keys: [...QWEN_MOE_KEYS, DEEPSTACK],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp attn_q_norm attn_k_norm`),
    ...QWEN_EXPERTS.filter(({ each }) => each),
    { from: stacked('down_proj'), to: 'blk.{b}.ffn_down_exps.weight', via: [['transpose', 1, 2]] },
    { from: stacked('gate_up_proj'), to: 'blk.{b}.ffn_gate_exps.weight', via: transposedHalf(0) },
    { from: stacked('gate_up_proj'), to: 'blk.{b}.ffn_up_exps.weight', via: transposedHalf(1) },
  ],
} as const satisfies Architecture;

export const qwen3omnimoe = {
  ...qwen3vlmoe,
  classes: ['Qwen3OmniMoeForConditionalGeneration'],
  example: 'Qwen/Qwen3-Omni-30B-A3B-Instruct',
  keys: [...QWEN_MOE_KEYS, NO_DEEPSTACK],
  tokenizer: { kinds: ['bpe'], after: ['im-end-ids'] },
} as const satisfies Architecture;
