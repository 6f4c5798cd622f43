import { type FieldSource, optionalInteger, optionalObject } from '../config/fields.js';
import type { KeyValues } from '../gguf/key-values.js';
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

  /** ref-quirk: `DFlashModel.set_vocab` in conversion/qwen.py. */
  'dflash-mask-token': ({ config, kv }) => {
    writeMaskToken(kv, { hparams: optionalObject(config, 'dflash_config') ?? {}, path: 'dflash_config' });
  },

  /** A DSpark may have its fields in the root. */
  'dspark-mask-token': ({ config, kv }) => {
    const own = optionalObject(config, 'dflash_config');
    writeMaskToken(kv, own ? { hparams: own, path: 'dflash_config' } : config);
  },
} as const satisfies Readonly<Record<string, TokenizerStep>>;

function writeMaskToken(kv: KeyValues, source: FieldSource): void {
  const id = optionalInteger(source, 'mask_token_id');
  if (id !== undefined) {
    kv.u32('tokenizer.ggml.mask_token_id', id);
  }
}

export type StepName = keyof typeof STEPS;
