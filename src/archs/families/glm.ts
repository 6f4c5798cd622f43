import type { Architecture, Condition, Transform, Value } from '../architecture.js';
import { given, NEXTN, NEXTN_KEY, NEXTN_TENSORS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { rotaryDimensions, TEXT_KEYS } from '../text-keys.js';

const IS_SEEING: Condition = { set: { fields: ['mrope_section'], of: 'rope_root' } };
const SHARE: Value = { fields: ['partial_rotary_factor'], of: 'rope_root', or: 0.5 };
const ROTATED: Value = { math: 'mul', of: [{ derive: 'head_dim' }, SHARE] };

/** llama.cpp rotates for images with the halves of the rotated dimensions apart; those of GLM are interleaved. */
const FOR_IMAGES: readonly Transform[] = [['halves', 'head_dim', { math: 'quotient', of: [ROTATED, { value: 1 }] }]];

const NAMES =
  'token_embd output_norm output attn_norm attn_v attn_output post_attention_norm ffn_norm post_ffw_norm ' +
  `ffn_up ffn_down ${NEXTN_TENSORS}`;

/** GLM 4 since 0414, and the text models of GLM 4V. */
export const glm4 = {
  ...TEXT_MODEL,
  classes: ['Glm4ForCausalLM', 'Glm4vForConditionalGeneration'],
  gguf: 'glm4',
  example: 'zai-org/GLM-4-9B-0414',
  keys: [...TEXT_KEYS, rotaryDimensions({ derive: 'head_dim' }, 0.5)],
  tensors: [
    ...named(NAMES),
    ...given({ not: IS_SEEING }, named('attn_q attn_k')),
    ...given(IS_SEEING, named('attn_q attn_k', { attn_q: FOR_IMAGES, attn_k: FOR_IMAGES })),
  ],
  tokenizer: {
    kinds: ['bpe'],
    roles: { eos: '<|endoftext|>', eot: '<|user|>', unk: '<|endoftext|>', bos: '<|endoftext|>' },
  },
} as const satisfies Architecture;

/** GLM-OCR: GLM 4 with a block for multi-token prediction that is always part of it. */
export const glmOcr = {
  ...glm4,
  classes: ['GlmOcrForConditionalGeneration'],
  example: 'zai-org/GLM-OCR',
  keys: [...glm4.keys, NEXTN_KEY],
  mtp: { blocks: NEXTN.blocks },
} as const satisfies Architecture;
