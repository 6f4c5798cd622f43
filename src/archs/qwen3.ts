import type { Config } from '../config/config.js';
import { UnsupportedError } from '../errors.js';
import type { SmallFiles } from '../repo/small-files.js';
import type { Architecture } from './architecture.js';
import { blockTensor } from './dense.js';
import { QWEN2_TENSORS, qwen2Hparams } from './qwen2.js';

/** A Qwen3 that scores documents: its output is made from two rows of the embedding. */
export class RerankerError extends UnsupportedError {}

/** Models around a Qwen3 whose vocabularies need more than Qwen3's. */
export class WrappedQwen3Error extends UnsupportedError {}

export const qwen3 = {
  classes: ['Qwen3ForCausalLM', 'Qwen3Model'],
  gguf: 'qwen3',
  example: 'Qwen/Qwen3-8B',
  check({ origin }) {
    if (origin === 'InternS1ForConditionalGeneration') {
      throw new WrappedQwen3Error(
        'The model is an Intern-S1 around a Qwen3, which is not supported yet.',
        'Convert the Qwen3 that it was made from.',
      );
    }
  },
  async hparams(context) {
    if (await isReranker(context.config, context.files)) {
      throw new RerankerError(
        `${context.files.repo.name} is a Qwen3 reranker, which is not supported yet.`,
        'Convert the Qwen3 model that it was made from.',
      );
    }
    await qwen2Hparams(context);
  },
  tensors: [
    ...QWEN2_TENSORS,
    blockTensor('attn_q_norm', ['self_attn.q_norm']),
    blockTensor('attn_k_norm', ['self_attn.k_norm']),
  ],
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

const RERANKER = /qwen3-(vl-)?reranker/i;

/** By the repository's name, its model card's title or its class, as `_is_qwen3_reranker` of conversion/qwen.py has it. */
async function isReranker({ hparams }: Config, files: SmallFiles): Promise<boolean> {
  const names = [files.repo.name, hparams._name_or_path, hparams.model_type];
  const card = await files.text('README.md');
  const classes = Array.isArray(hparams.architectures) ? hparams.architectures : [];
  return (
    names.some((name) => typeof name === 'string' && RERANKER.test(name)) ||
    (card !== null && /# qwen3-(vl-)?reranker/i.test(card)) ||
    classes.some((name) => typeof name === 'string' && /sequenceclassification/i.test(name))
  );
}
