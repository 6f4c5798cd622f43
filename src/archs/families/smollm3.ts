import type { Architecture } from '../architecture.js';
import { llama } from './llama.js';

export const smollm3 = {
  ...llama,
  classes: ['SmolLM3ForCausalLM'],
  gguf: 'smollm3',
  example: 'HuggingFaceTB/SmolLM3-3B',
} as const satisfies Architecture;
