import type { Architecture, HparamsContext, TensorRule } from './architecture.js';
import { blockTensor, DENSE_TENSORS } from './dense.js';
import { sharedHparams } from './hparams.js';
import { poolingType } from './pooling.js';

export const QWEN2_TENSORS: readonly TensorRule[] = [
  ...DENSE_TENSORS,
  blockTensor('attn_q', ['self_attn.q_proj']),
  blockTensor('attn_k', ['self_attn.k_proj']),
];

export async function qwen2Hparams(context: HparamsContext): Promise<void> {
  sharedHparams(context);
  const pooling = await poolingType(context.files);
  if (pooling !== null) {
    context.kv.u32(`${context.arch}.pooling_type`, pooling);
  }
}

export const qwen2 = {
  classes: [
    'Qwen2ForCausalLM',
    'Qwen2Model',
    'Qwen2AudioForConditionalGeneration',
    'KORMoForCausalLM',
    'AudioFlamingo3ForConditionalGeneration',
    'DotsOCRForCausalLM',
  ],
  gguf: 'qwen2',
  example: 'Qwen/Qwen2.5-7B-Instruct',
  hparams: qwen2Hparams,
  tensors: QWEN2_TENSORS,
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;
