import type { Architecture, Transform } from '../architecture.js';
import { DENSE, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { required, TEXT_KEYS } from '../text-keys.js';

/** transformers has the norm of a head once for each; its halves are apart there, as those of the heads' rows are. */
const headNorm = (heads: string): readonly Transform[] => [
  ['slice', 0, 0, 1],
  ['reshape', 2, { math: 'quotient', of: [required('hidden_size'), required(heads), { value: 2 }] }],
  ['transpose', 0, 1],
  ['reshape', 1, -1],
  ['expand', 0, heads],
];

export const chameleon = {
  ...TEXT_MODEL,
  classes: ['ChameleonForConditionalGeneration', 'ChameleonForCausalLM'],
  gguf: 'chameleon',
  example: 'facebook/chameleon-7b',
  keys: [...TEXT_KEYS, ['{arch}.swin_norm', 'bool', { fields: ['swin_norm'], or: false }]],
  ignore: [...TEXT_MODEL.ignore, 'model.vqmodel*'],
  tensors: named(`${DENSE} attn_q_norm attn_k_norm`, {
    ...ROTARY,
    attn_q_norm: headNorm('num_attention_heads'),
    attn_k_norm: headNorm('num_key_value_heads'),
  }),
} as const satisfies Architecture;
