import type { Architecture } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

export const maincoder = {
  ...TEXT_MODEL,
  classes: ['MaincoderForCausalLM'],
  gguf: 'maincoder',
  example: 'Maincode/Maincoder-1B',
  keys: [...TEXT_KEYS, ['{arch}.rope.dimension_count', 'u32', { fields: ['head_dim'] }]],
  tensors: named(`${DENSE} attn_q_norm attn_k_norm`),
} as const satisfies Architecture;
