import { headCount, headDim, kvHeadCount } from '../config/derive.js';
import { integer } from '../config/fields.js';
import { UnsupportedError } from '../errors.js';
import { type PermuteRowsExpr, shapeOf, type TensorExpr } from '../tensor/expr.js';
import type { Architecture, HparamsContext, TensorRule, TransformContext } from './architecture.js';
import { blockTensor, DENSE_TENSORS } from './dense.js';
import { sharedHparams } from './hparams.js';
import { TensorMappingError } from './map-tensors.js';
import { ropeFreqs } from './rope-freqs.js';

/** A draft model of EAGLE-3 under Llama's class name. */
export class EagleDraftError extends UnsupportedError {}

export const LLAMA_TENSORS: readonly TensorRule[] = [
  ...DENSE_TENSORS,
  blockTensor('attn_q', ['self_attn.q_proj'], (expr, context) =>
    permuteHeads(expr, context, headCount(context.config)),
  ),
  blockTensor('attn_k', ['self_attn.k_proj'], (expr, context) =>
    permuteHeads(expr, context, kvHeadCount(context.config)),
  ),
];

export async function llamaHparams(context: HparamsContext): Promise<void> {
  sharedHparams(context);
  const { arch, config, kv } = context;
  kv.u32(`${arch}.vocab_size`, integer(config, 'vocab_size'));
  kv.u32(`${arch}.rope.dimension_count`, headDim(config));
}

export const llama = {
  classes: [
    'LLaMAForCausalLM',
    'LlamaForCausalLM',
    'MistralForCausalLM',
    'VLlama3ForCausalLM',
    'IQuestCoderForCausalLM',
    'LlamaModel',
  ],
  gguf: 'llama',
  example: 'unsloth/Llama-3.2-1B-Instruct',
  check(config) {
    if (config.hparams.draft_vocab_size !== undefined && config.hparams.num_hidden_layers === 1) {
      throw new EagleDraftError(
        'config.json has a draft_vocab_size and one layer: it is an EAGLE-3 draft model, which is not supported yet.',
        'Convert the model that it drafts for.',
      );
    }
  },
  hparams: llamaHparams,
  tensors: LLAMA_TENSORS,
  strip: ['text_model.'],
  extra: ropeFreqs,
  tokenizer: 'llama',
} as const satisfies Architecture;

/** transformers keeps the two halves of a rotary dimension apart, llama.cpp side by side. */
function permuteHeads(expr: TensorExpr, { name }: TransformContext, heads: number): PermuteRowsExpr {
  const rows = shapeOf(expr)[0] ?? 0;
  if (heads === 0 || rows % (2 * heads) !== 0) {
    throw new TensorMappingError(
      `The ${rows} rows of ${name} can't be split in halves of ${heads} heads, as config.json has it.`,
      'Check that config.json and the checkpoint belong together.',
    );
  }
  return { op: 'permute-rows', of: expr, heads };
}
