import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { InvalidTokenIdError, malformedFile } from '../../hf-tokenizer/errors.js';
import { objectAt, objectsAt, stringAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from '../context.js';
import type { SentencePieceModel } from '../model-proto.js';
import { loadSentencePieceModel, SentencePieceVocabulary } from '../sentencepiece-vocabulary.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';
import { writePieces } from './sentencepiece.js';

// SentencePiece models of families whose other files redefine pieces. `tokenizer.ggml.model` is `llama`.

const FILE = 'tokenizer.model';
const hasModel: TokenizerKind['applies'] = ({ files }) => files.has(FILE);

/** An added token as the files have it. */
function asDeclared(text: string, special: boolean) {
  return { text, type: special ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined };
}

/** Phi 3, whose tokenizer.json counts as well. ref-quirk: `Phi3MiniModel.set_vocab` in conversion/phi.py. */
export const phi3: TokenizerKind = {
  applies: async (context, files) =>
    files.tokenizerConfig?.tokenizer_class !== 'GPT2Tokenizer' && (await hasModel(context, files)),
  async write(context, files) {
    const vocabulary = await open(context);
    vocabulary.addTokens(files);
    vocabulary.addDeclaredTokens(files, asDeclared);
    vocabulary.addListedTokens(files, asDeclared);
    writePieces(context, vocabulary);
    await writeSpecialVocab(context, files, { size: vocabulary.size });
  },
};

const UNUSED_SCORE = -10_000;

/** Arctic, which gives two pieces other roles. ref-quirk: `ArcticModel.set_vocab` in conversion/arctic.py. */
export const arctic: TokenizerKind = {
  applies: hasModel,
  async write(context, files) {
    const unknown = stringAt(files.tokenizerConfig ?? {}, 'unk_token');
    const vocabulary = await open(context);
    vocabulary.addDeclaredTokens(files, (text, special) => ({
      text,
      type: special && text === unknown ? TOKEN_TYPE.unknown : asDeclared(text, special).type,
      score: special ? 0 : UNUSED_SCORE,
    }));
    writePieces(context, vocabulary);
    await writeSpecialVocab(context, files, { size: vocabulary.size });
  },
};

async function open(context: TokenizerContext): Promise<SentencePieceVocabulary> {
  const model = await loadSentencePieceModel(context.files, FILE);
  const size = vocabularySize(context.config) ?? model.pieces.length;
  return new SentencePieceVocabulary(model, size, { file: FILE, warn: context.warn });
}

/** The token that ends a turn of InternLM's chats. */
const END_OF_TURN = '<|im_end|>';

/**
 * InternLM 2: tokens of added_tokens.json stand behind the pieces, whatever their ids.
 * ref-quirk: `InternLM2Model.set_vocab` in conversion/internlm.py. llama.cpp takes the piece of byte 0 for an empty one.
 */
export const internlm2: TokenizerKind = {
  applies: hasModel,
  async write(context, files) {
    const { kv, config, warn } = context;
    const model = await loadSentencePieceModel(context.files, FILE);
    const added = Object.keys(files.addedTokens ?? {});
    const size = vocabularySize(config) ?? model.pieces.length;
    const all = { file: FILE, warn };
    const vocabulary = new SentencePieceVocabulary(extended(model, size, added), size + added.length, all);
    vocabulary.types.fill(TOKEN_TYPE.userDefined, size);
    vocabulary.addDeclaredTokens(files, asDeclared);
    vocabulary.addListedTokens(files, asDeclared);
    writePieces(context, vocabulary);
    kv.bool('tokenizer.ggml.add_space_prefix', model.normalizer.addPrefix);
    const eos = endOfTurn(files);
    await writeSpecialVocab(context, files, { size: vocabulary.size, ...(eos !== undefined && { forced: { eos } }) });
  },
};

function extended(model: SentencePieceModel, size: number, added: readonly string[]): SentencePieceModel {
  if (size > model.pieces.length) {
    throw malformedFile(
      FILE,
      `has ${model.pieces.length} pieces, fewer than the vocab_size ${size} of config.json`,
      'Correct vocab_size in config.json, or take the tokenizer that belongs to the model.',
    );
  }
  const own = model.pieces.slice(0, size);
  const types = own.map((piece, id) => (piece.startsWith('[UNUSED') ? TOKEN_TYPE.unused : (model.types[id] ?? 0)));
  return {
    ...model,
    pieces: [...own.map((piece) => (piece === '\0' ? '🐉' : piece)), ...added],
    scores: Float32Array.from([...model.scores.subarray(0, size), ...added.map(() => -1000)]),
    types: Int32Array.from([...types, ...added.map(() => TOKEN_TYPE.userDefined)]),
  };
}

/** The id of the last token of this name; undefined if there is none. */
function endOfTurn(files: TokenizerFiles): number | undefined {
  const declared = Object.entries(objectAt(files.tokenizerConfig, 'added_tokens_decoder'));
  const ids = [
    ...declared.flatMap(([id, token]) => (stringAt(token, 'content') === END_OF_TURN ? [Number(id)] : [])),
    ...objectsAt(files.tokenizer, 'added_tokens').flatMap(({ id, content }) => (content === END_OF_TURN ? [id] : [])),
  ];
  const last = ids.at(-1);
  if (last !== undefined && (typeof last !== 'number' || !Number.isInteger(last) || last < 0)) {
    throw new InvalidTokenIdError('tokenizer.json', END_OF_TURN, last);
  }
  return last;
}
