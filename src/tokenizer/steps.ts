import type { TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from './context.js';
import { writeSpecialVocab } from './special-vocab.js';
import { vocabularySize } from './vocabulary-size.js';

/** Writes keys of a family, beside those of the tokenizer's kind. */
type TokenizerStep = (context: TokenizerContext, files: TokenizerFiles) => void | Promise<void>;

const CODE_LLAMA_SIZE = 32016;
const CODE_LLAMA_EOT = 32010;
const CODE_GEMMA_EOT = 107;
const GRANITE_SIZE = 49152;
/** Roles of infill tokens. gguf-py/gguf/gguf_writer.py has a method for EOT alone, so the others are not written. */
const INFILL = ['prefix', 'suffix', 'middle', 'eot'];

/**
 * All steps, by the name that an architecture's plan uses. ref-quirk: `LlamaModel.set_vocab` in conversion/llama.py.
 */
export const STEPS = {
  'add-space-prefix': ({ kv }, { tokenizerConfig }) => {
    const prefix = tokenizerConfig?.add_prefix_space;
    if (prefix !== undefined && prefix !== null) {
      kv.bool('tokenizer.ggml.add_space_prefix', Boolean(prefix));
    }
  },

  /**
   * CodeLlama is recognised by its `vocab_size`.
   */
  'code-llama-infill': async (context, files) => {
    if (vocabularySize(context.config) === CODE_LLAMA_SIZE) {
      await writeSpecialVocab(context, files, {
        types: INFILL,
        ids: { eot: CODE_LLAMA_EOT },
      });
    }
  },

  /** The small Granite models are recognised by their `vocab_size`. */
  'granite-no-bos': ({ config, kv }) => {
    if (vocabularySize(config) === GRANITE_SIZE) {
      kv.bool('tokenizer.ggml.add_bos_token', false);
    }
  },
  'refact-infill': (context, files) => writeSpecialVocab(context, files, { types: INFILL }),

  /** ref-quirk: `GemmaModel.set_vocab` in conversion/gemma.py gives every Gemma 1 the EOT of CodeGemma. */
  'code-gemma-infill': (context, files) =>
    writeSpecialVocab(context, files, { types: [...INFILL, 'fsep'], ids: { eot: CODE_GEMMA_EOT } }),

  'no-space-prefix': ({ kv }) => {
    kv.bool('tokenizer.ggml.add_space_prefix', false);
  },

  'no-sentencepiece-space-prefix': ({ kv }) => {
    if (kv.get('tokenizer.ggml.model')?.value === 'llama') {
      kv.bool('tokenizer.ggml.add_space_prefix', false);
    }
  },

  /** SEA-LION: an MPT with a SentencePiece model. ref-quirk: `set_vocab` in conversion/mpt.py. */
  'sea-lion': ({ kv }) => {
    if (kv.get('tokenizer.ggml.model')?.value === 'llama') {
      kv.bool('tokenizer.ggml.add_bos_token', false);
      kv.u32('tokenizer.ggml.padding_token_id', 3);
      kv.u32('tokenizer.ggml.eos_token_id', 1);
      kv.u32('tokenizer.ggml.unknown_token_id', 0);
    }
  },
} as const satisfies Readonly<Record<string, TokenizerStep>>;

export type StepName = keyof typeof STEPS;
