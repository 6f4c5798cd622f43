import { malformedFile } from '../hf-tokenizer/errors.js';
import type { TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from './context.js';
import { writeSpecialVocab } from './special-vocab.js';
import { vocabularySize } from './vocabulary-size.js';

/** Writes keys of a family, beside those of the tokenizer's kind. */
type TokenizerStep = (context: TokenizerContext, files: TokenizerFiles) => void | Promise<void>;

const CODE_LLAMA_SIZE = 32016;
const CODE_LLAMA_EOT = 32010;
const GRANITE_SIZE = 49152;

/**
 * All steps, by the name that an architecture's plan uses. ref-quirk: `LlamaModel.set_vocab` in conversion/llama.py.
 */
export const STEPS = {
  /** ref-quirk: `DeepseekV32Model.set_vocab` in conversion/deepseek.py. Llama's class adds a BOS unless it is told not to. */
  'needs-add-bos': (_, { tokenizerConfig: config }) => {
    const isLlama = typeof config?.tokenizer_class === 'string' && config.tokenizer_class.startsWith('Llama');
    if (!(config?.add_bos_token ?? isLlama)) {
      throw malformedFile('tokenizer_config.json', 'does not add a BOS token', 'Set add_bos_token to true.');
    }
  },

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
} as const satisfies Readonly<Record<string, TokenizerStep>>;

export type StepName = keyof typeof STEPS;
