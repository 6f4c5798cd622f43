import type { TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from './context.js';
import { writeSpecialVocab } from './special-vocab.js';
import { writeTokenTypeCount } from './token-type-count.js';
import { vocabularySize } from './vocabulary-size.js';

/** Writes keys of a family, beside those of the tokenizer's kind. */
type TokenizerStep = (context: TokenizerContext, files: TokenizerFiles) => void | Promise<void>;

const CODE_LLAMA_SIZE = 32016;
const CODE_LLAMA_EOT = 32010;
const GRANITE_SIZE = 49152;

/**
 * All steps, by the name that an architecture's plan uses. ref-quirk: `LlamaModel.set_vocab` in conversion/llama.py, and
 * the methods of that name in conversion/bert.py.
 */
export const STEPS = {
  'add-space-prefix': ({ kv }, { tokenizerConfig }) => {
    const prefix = tokenizerConfig?.add_prefix_space;
    if (prefix !== undefined && prefix !== null) {
      kv.bool('tokenizer.ggml.add_space_prefix', Boolean(prefix));
    }
  },

  /**
   * CodeLlama is recognised by its `vocab_size`. Of its infill tokens only EOT is written: gguf-py/gguf/gguf_writer.py
   * has no method for the others.
   */
  'code-llama-infill': async (context, files) => {
    if (vocabularySize(context.config) === CODE_LLAMA_SIZE) {
      await writeSpecialVocab(context, files, {
        types: ['prefix', 'suffix', 'middle', 'eot'],
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

  'no-bos': ({ kv }) => {
    kv.bool('tokenizer.ggml.add_bos_token', false);
  },

  'bos-eos-sep': ({ kv }) => {
    for (const type of ['bos', 'eos', 'sep']) {
      kv.bool(`tokenizer.ggml.add_${type}_token`, true);
    }
  },

  /** For byte-level BPE; the kinds of BERT's tokenizers write the count themselves. */
  'token-type-count': (context) => {
    writeTokenTypeCount(context, 1);
  },

  /** The BPE of Jina's BERT has two types of tokens, whatever config.json says. */
  'two-token-types': ({ kv }) => {
    if (!kv.has('tokenizer.ggml.token_type_count')) {
      kv.u32('tokenizer.ggml.token_type_count', 2);
    }
  },
} as const satisfies Readonly<Record<string, TokenizerStep>>;

export type StepName = keyof typeof STEPS;
