import type { TokenizerContext } from '../context.js';
import type { TokenizerKind } from './kind.js';

/** For models that read no text. ref-quirk: `_set_vocab_none` in conversion/base.py. */
export const none: TokenizerKind = { applies: () => true, write: async ({ kv }) => writeNone(kv) };

/**
 * For repositories that hold no tokenizer because their models use that of another. The reference writes the vocabulary
 * of Llama 2 or GPT-NeoX then, which it holds itself (`_set_vocab_builtin` in conversion/base.py); here the file gets
 * none.
 */
export const elsewhere: TokenizerKind = {
  applies: () => true,
  async write({ kv, files, warn }) {
    writeNone(kv);
    warn(
      `${files.repo.id} holds no tokenizer, so the file has no vocabulary and cannot encode text.`,
      "Put the files of the tokenizer that the model's card names into a folder with the model, and convert that.",
    );
  },
};

function writeNone(kv: TokenizerContext['kv']): void {
  kv.string('tokenizer.ggml.model', 'none');
}
