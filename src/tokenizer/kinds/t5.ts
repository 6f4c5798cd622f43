import { malformedFile } from '../../hf-tokenizer/errors.js';
import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { SmallFiles } from '../../repo/small-files.js';
import type { TokenizerContext } from '../context.js';
import { MODEL_TYPE, type SentencePieceModel } from '../model-proto.js';
import { loadSentencePieceModel, SentencePieceVocabulary } from '../sentencepiece-vocabulary.js';
import { t5Tokenizer } from '../slow/unigram.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { writeUnigram, writeUnigramNormalizer } from '../unigram-keys.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';
import { writeSentencePiece } from './sentencepiece.js';

/** Where the model may be: older repositories have the second name. */
const FILES = ['tokenizer.model', 'spiece.model'];

/**
 * Unigram, from SentencePiece's model (`tokenizer.ggml.model` = `t5`); a model with merges is written as SentencePiece's
 * BPE. ref-quirk: `T5Model.set_vocab` in conversion/t5.py.
 */
export const t5: TokenizerKind = {
  applies: async ({ files }) => (await modelFile(files)) !== undefined,
  async convert(context, files) {
    const { model } = await load(context);
    return model.modelType === MODEL_TYPE.unigram ? t5Tokenizer(model, files) : null;
  },
  write,
};

async function modelFile(files: SmallFiles): Promise<string | undefined> {
  for (const file of FILES) {
    if (await files.has(file)) {
      return file;
    }
  }
  return undefined;
}

async function load({
  files,
}: TokenizerContext): Promise<{ readonly file: string; readonly model: SentencePieceModel }> {
  const file = (await modelFile(files)) ?? 'spiece.model';
  const model = await loadSentencePieceModel(files, file);
  if (!Object.values<number>(MODEL_TYPE).includes(model.modelType)) {
    throw malformedFile(file, `is a model of type ${model.modelType}, neither unigram nor BPE`);
  }
  return { file, model };
}

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const { file, model } = await load(context);
  if (model.modelType === MODEL_TYPE.bpe) {
    return writeSentencePiece(context, files, { file, model });
  }
  const size = vocabularySize(context.config) ?? model.pieces.length;
  if (model.pieces.length > size) {
    throw malformedFile(file, `has ${model.pieces.length} pieces, but config.json says vocab_size ${size}`);
  }
  const vocabulary = new SentencePieceVocabulary(model, size, { file, warn: context.warn });
  vocabulary.addTokens(files);
  const { kv } = context;
  writeUnigram(kv, vocabulary);
  kv.bool('tokenizer.ggml.add_space_prefix', model.normalizer.addPrefix);
  writeUnigramNormalizer(kv, model.normalizer, file);
  await writeSpecialVocab(context, files, { size });
}
