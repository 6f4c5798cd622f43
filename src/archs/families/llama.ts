import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, experts, ROTARY, TEXT_MODEL, W123 } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

export const LLAMA_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  ['{arch}.vocab_size', 'u32', { fields: ['vocab_size'], required: true }],
  ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }],
];

export const llama = {
  ...TEXT_MODEL,
  classes: [
    ...['LLaMAForCausalLM', 'LlamaForCausalLM', 'LlamaModel', 'MistralForCausalLM', 'MixtralForCausalLM'],
    ...['VLlama3ForCausalLM', 'IQuestCoderForCausalLM', 'LlavaForConditionalGeneration'],
    'VoxtralForConditionalGeneration',
  ],
  gguf: 'llama',
  example: 'unsloth/Llama-3.2-1B-Instruct',
  keys: LLAMA_KEYS,
  tensors: [...named(`${DENSE} ffn_gate_inp`, ROTARY), ...experts('block_sparse_moe.experts.{x}.{p}', W123)],
  strip: ['text_model.'],
  extra: ['rope_freqs'],
  tokenizer: {
    before: ['add-space-prefix'],
    kinds: ['tekken', 'hybrid-dna', 'sentencepiece', 'llama-hf', 'bpe'],
    after: ['code-llama-infill', 'granite-no-bos'],
  },
} as const satisfies Architecture;

export const llamaEmbed = {
  ...llama,
  classes: ['LlamaBidirectionalModel'],
  gguf: 'llama-embed',
  example: 'nvidia/llama-embed-nemotron-8b',
  unproven: true,
} as const satisfies Architecture;

export const smollm3 = {
  ...llama,
  classes: ['SmolLM3ForCausalLM'],
  gguf: 'smollm3',
  example: 'HuggingFaceTB/SmolLM3-3B',
  tensors: named(DENSE, ROTARY),
} as const satisfies Architecture;

/** Without a gate. */
export const arcee = {
  ...llama,
  classes: ['ArceeForCausalLM'],
  gguf: 'arcee',
  example: 'arcee-ai/AFM-4.5B',
  keys: [...LLAMA_KEYS, ['{arch}.pooling_type', 'u32', { derive: 'pooling_type' }]],
  tensors: named(DENSE.replace('ffn_gate ', ''), ROTARY),
} as const satisfies Architecture;

/** Blocks that are run several times. */
export const nanbeige = {
  ...llama,
  classes: ['NanbeigeForCausalLM'],
  gguf: 'nanbeige',
  example: 'Nanbeige/Nanbeige4.2-3B',
  keys: [
    ...LLAMA_KEYS,
    ['{arch}.num_loops', 'u32', { math: 'max', of: [{ fields: ['num_loops'], or: 1 }, { value: 1 }] }],
    ['{arch}.skip_loop_final_norm', 'bool', { fields: ['skip_loop_final_norm'], or: false }],
  ],
  tensors: named(DENSE, ROTARY),
} as const satisfies Architecture;

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

/** InternLM 3, which is a Llama with a tokenizer of its own. */
export const internlm3 = {
  ...TEXT_MODEL,
  classes: ['InternLM3ForCausalLM'],
  gguf: 'llama',
  example: 'internlm/internlm3-8b-instruct',
  keys: LLAMA_KEYS,
  tensors: named(DENSE, ROTARY),
  tokenizer: { between: ['add-space-prefix'], kinds: ['sentencepiece'], after: ['im-end-is-eos'] },
} as const satisfies Architecture;
