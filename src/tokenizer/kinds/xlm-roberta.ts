import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { autoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { tokenText } from '../../hf-tokenizer/special-tokens.js';
import { objectAt, objectsAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import { isObject, type Json, type JsonObject } from '../../json.js';
import { modelTypeOf, type TokenizerContext } from '../context.js';
import { MODEL_TYPE, type SentencePieceNormalizer } from '../model-proto.js';
import { loadSentencePieceModel, SentencePieceVocabulary } from '../sentencepiece-vocabulary.js';
import { xlmRobertaTokenizer } from '../slow/unigram.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { writeTokenTypeCount } from '../token-type-count.js';
import { padding } from '../token-types.js';
import { type UnigramVocabulary, writeUnigram, writeUnigramNormalizer } from '../unigram-keys.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

const FILE = 'sentencepiece.bpe.model';
const PADDING_SCORE = -10_000;
/** The id of `<mask>`, behind the pieces of XLM-R's model. */
const MASK = 250_001;

/**
 * Unigram with XLM-RoBERTa's ids, from SentencePiece's model or from tokenizer.json (`tokenizer.ggml.model` = `t5`).
 * ref-quirk: `_xlmroberta_set_vocab` in conversion/bert.py prefers the model.
 */
export const xlmRoberta = kindOf({ mask: false });

/** The same with `<mask>`, which the model lacks. */
export const xlmRobertaMask = kindOf({ mask: true });

interface Options {
  /** Whether `<mask>` is put at its place in XLM-R's vocabulary. */
  readonly mask: boolean;
}

function kindOf(options: Options): TokenizerKind {
  return {
    applies: async ({ files }, { tokenizer }) => (await files.has(FILE)) || isUnigram(tokenizer),
    convert: async ({ files }) => xlmRobertaTokenizer(await loadSentencePieceModel(files, FILE)),
    write: (context, files) => write(context, files, options),
  };
}

/** Whether tokenizer.json holds a unigram model. */
function isUnigram(tokenizer: JsonObject | null): boolean {
  const { type, vocab } = objectAt(tokenizer, 'model');
  return type === 'Unigram' || (type === undefined && Array.isArray(vocab));
}

async function write(context: TokenizerContext, files: TokenizerFiles, options: Options): Promise<void> {
  const hasModel = await context.files.has(FILE);
  const { vocabulary, normalizer } = hasModel ? await fromModel(context, options) : fromTokenizerJson(context, files);
  const { kv } = context;
  writeUnigram(kv, vocabulary);
  kv.bool('tokenizer.ggml.add_space_prefix', normalizer.addPrefix);
  writeTokenTypeCount(context, 1);
  writeUnigramNormalizer(kv, normalizer, hasModel ? FILE : 'tokenizer.json');
  await writeSpecialVocab(context, files, { size: vocabulary.tokens.length });
}

interface Found {
  readonly vocabulary: UnigramVocabulary;
  readonly normalizer: SentencePieceNormalizer;
}

/** XLM-R's tokens before those of the model from id 3 on, which move up by one. */
const FIRST = {
  tokens: ['<s>', '<pad>', '</s>', '<unk>'],
  types: [TOKEN_TYPE.control, TOKEN_TYPE.control, TOKEN_TYPE.control, TOKEN_TYPE.unknown],
};

async function fromModel({ files, config, warn }: TokenizerContext, { mask }: Options): Promise<Found> {
  const model = await loadSentencePieceModel(files, FILE);
  if (model.modelType !== MODEL_TYPE.unigram) {
    throw malformedFile(FILE, `is a model of type ${model.modelType}, not unigram`);
  }
  const size = Math.max(vocabularySize(config) ?? 0, model.pieces.length);
  const { tokens, scores, types } = new SentencePieceVocabulary(model, size, { file: FILE, warn });
  const vocabulary = {
    tokens: [...FIRST.tokens, ...tokens.slice(3, -1)],
    scores: [...FIRST.tokens.map(() => 0), ...scores.subarray(3, -1)],
    types: [...FIRST.types, ...types.subarray(3, -1)],
  };
  if (mask && size > MASK) {
    vocabulary.tokens[MASK] = '<mask>';
    vocabulary.scores[MASK] = 0;
    vocabulary.types[MASK] = TOKEN_TYPE.control;
  }
  return { vocabulary, normalizer: model.normalizer };
}

function fromTokenizerJson(context: TokenizerContext, files: TokenizerFiles): Found {
  const auto = autoTokenizer(files, modelTypeOf(context));
  const { json, init, tokens: list, model, specialIds } = auto;
  const size = Math.max(vocabularySize(context.config) ?? 0, model.size);
  const pieces = objectAt(json, 'model');
  const named = tokenText(files.tokenizerConfig?.unk_token);
  const unknown =
    [...list.added].find(([, { content }]) => content === named)?.[0] ?? ('unk_id' in pieces ? pieces.unk_id : 3);
  const tokens = Array.from({ length: size }, (_, id) => padding(id));
  const scores = new Float32Array(size).fill(PADDING_SCORE);
  const types = new Int32Array(size).fill(TOKEN_TYPE.unused);
  const typeOf = (id: number): number => {
    if (id === unknown) {
      return TOKEN_TYPE.unknown;
    }
    if (specialIds.has(id)) {
      return TOKEN_TYPE.control;
    }
    return list.added.has(id) ? TOKEN_TYPE.userDefined : TOKEN_TYPE.normal;
  };
  const entries = pieces.vocab as readonly (readonly [string, number])[];
  for (let id = 0; id < model.size; id++) {
    tokens[id] = list.tokenOf(id) ?? '';
    scores[id] = entries[id]?.[1] ?? 0;
    types[id] = typeOf(id);
  }
  const normalizer = {
    charsMap: Buffer.from(charsMapOf(json.normalizer) ?? '', 'base64'),
    // ref-quirk: these are attributes of transformers' tokenizer, false where no file gives them.
    addPrefix: Boolean(init.add_prefix_space ?? false),
    mergeSpaces: Boolean(init.clean_up_tokenization_spaces ?? false),
  };
  return { vocabulary: { tokens, scores, types }, normalizer };
}

/** The map of characters of a normalizer, or of one in a sequence. */
function charsMapOf(normalizer: Json | undefined): string | undefined {
  if (!isObject(normalizer)) {
    return undefined;
  }
  const { precompiled_charsmap: map } = normalizer;
  return typeof map === 'string'
    ? map
    : objectsAt(normalizer, 'normalizers')
        .map(charsMapOf)
        .find((own) => own);
}
