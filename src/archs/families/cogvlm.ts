import type { Architecture } from '../architecture.js';
import { named } from '../tensor-names.js';
import { llama } from './llama.js';

/**
 * CogVLM: a Llama whose blocks have a second set of weights for the places of an image. The reference drops that set, for
 * the `vision_` in its names, and llama.cpp does not load a file without it.
 */
export const cogvlm = {
  ...llama,
  classes: ['CogVLMForCausalLM'],
  gguf: 'cogvlm',
  example: 'THUDM/cogvlm2-llama3-chat-19B',
  ignore: llama.ignore.filter((name) => name !== '*vision_*'),
  tensors: named(
    'token_embd output_norm output attn_norm attn_qkv attn_output ffn_norm ffn_gate ffn_up ffn_down ' +
      'vis_up vis_gate vis_down vis_attn_output vis_attn_qkv',
  ),
  unproven: true,
} as const satisfies Architecture;

/** The language model of Janus Pro. */
export const janus = {
  ...llama,
  classes: ['JanusForConditionalGeneration'],
  example: 'deepseek-community/Janus-Pro-1B',
  ignore: [...llama.ignore, 'model.aligner.*', 'model.vqmodel.*', 'model.generation_*'],
  unproven: true,
} as const satisfies Architecture;
