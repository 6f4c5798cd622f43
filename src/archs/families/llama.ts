import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, experts, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

export const LLAMA_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  ['{arch}.vocab_size', 'u32', { fields: ['vocab_size'], required: true }],
  ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }],
];

const MIXTRAL_EXPERTS = experts('block_sparse_moe.experts.{x}.{p}', [
  ['w1', 'ffn_gate_exps'],
  ['w2', 'ffn_down_exps'],
  ['w3', 'ffn_up_exps'],
]);

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
  tensors: [...named(`${DENSE} ffn_gate_inp`, ROTARY), ...MIXTRAL_EXPERTS],
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
