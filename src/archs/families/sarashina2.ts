import type { Architecture } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { llama } from './llama.js';

/** The language model of Sarashina 2.2 Vision, a Llama within `llm`; the encoder's last norm is `norm`. */
export const sarashina2 = {
  ...llama,
  classes: ['Sarashina2VisionForCausalLM'],
  example: 'sbintuitions/sarashina2.2-vision-3b',
  strip: ['llm.'],
  ignore: [...TEXT_MODEL.ignore, 'norm.*'],
} as const satisfies Architecture;
