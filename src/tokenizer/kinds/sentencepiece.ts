import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from '../context.js';
import type { SentencePieceModel } from '../model-proto.js';
import { loadSentencePieceModel, SentencePieceVocabulary } from '../sentencepiece-vocabulary.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

const FILE = 'tokenizer.model';

/**
 * SentencePiece, from tokenizer.model (`tokenizer.ggml.model` = `llama`).
 * ref-quirk: `_set_vocab_sentencepiece` and `_create_vocab_sentencepiece` in conversion/base.py.
 */
export const sentencePiece: TokenizerKind = {
  applies: ({ files }) => files.has(FILE),
  async write(context, files) {
    await writeSentencePiece(context, files, { file: FILE, model: await loadSentencePieceModel(context.files, FILE) });
  },
};

/** Writes a model's pieces with the tokens of the JSON files. @throws as `TokenizerKind.write` */
export async function writeSentencePiece(
  context: TokenizerContext,
  files: TokenizerFiles,
  { file, model }: { readonly file: string; readonly model: SentencePieceModel },
): Promise<void> {
  // ref-quirk: `_create_vocab_sentencepiece` takes a `vocab_size` of 0 for none.
  const size = vocabularySize(context.config) || model.pieces.length;
  const vocabulary = new SentencePieceVocabulary(model, size, { file, warn: context.warn });
  vocabulary.addTokens(files);
  vocabulary.addDeclaredTokens(files);
  writePieces(context, vocabulary);
  await context.between?.();
  await writeSpecialVocab(context, files, { size });
}

/** Writes the tokens with their scores and types. */
export function writePieces({ kv }: TokenizerContext, vocabulary: SentencePieceVocabulary): void {
  kv.string('tokenizer.ggml.model', 'llama');
  kv.string('tokenizer.ggml.pre', 'default');
  kv.array('tokenizer.ggml.tokens', 'string', vocabulary.tokens);
  kv.array('tokenizer.ggml.scores', 'f32', vocabulary.scores);
  kv.array('tokenizer.ggml.token_type', 'i32', vocabulary.types);
}
