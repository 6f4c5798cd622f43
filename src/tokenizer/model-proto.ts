import { TOKEN_TYPE } from '../gguf/token-type.js';
import { malformedFile } from '../hf-tokenizer/errors.js';
import { MAX_VOCABULARY } from '../limits.js';
import { byteOfToken, byteToken } from '../text/byte-tokens.js';

/**
 * SentencePiece's model file: a protobuf message `ModelProto` (sentencepiece_model.proto). Only the pieces are read, and
 * the fields that are needed to check them or to cut text with them. The checks are those of sentencepiece's
 * ModelInterface::InitializePieces.
 */
export interface SentencePieceModel {
  /** Pieces by id. */
  readonly pieces: readonly string[];
  readonly scores: Float32Array;
  /** The TOKEN_TYPE of each piece by id. */
  readonly types: Int32Array;
  /** How text is cut, as a value of MODEL_TYPE. */
  readonly modelType: number;
  /** The id of the unknown token that the trainer was given. */
  readonly unknownId: number;
  readonly normalizer: SentencePieceNormalizer;
}

/** How text is changed before it is cut. */
export interface SentencePieceNormalizer {
  /** The map of characters, in the form that `precompiled` of hf-tokenizer reads; empty if there is none. */
  readonly charsMap: Uint8Array;
  /** Whether a space is put before a text. */
  readonly addPrefix: boolean;
  /** Whether several spaces become one, and those at both ends none. */
  readonly mergeSpaces: boolean;
}

/** `TrainerSpec.ModelType`. */
export const MODEL_TYPE = { unigram: 1, bpe: 2 } as const;

// Field numbers of ModelProto, SentencePiece, TrainerSpec and NormalizerSpec.
const PIECES = 1;
const TRAINER_SPEC = 2;
const NORMALIZER_SPEC = 3;
const PIECE = 1;
const SCORE = 2;
const TYPE = 3;
const TRAINER_MODEL_TYPE = 3;
const BYTE_FALLBACK = 35;
const UNKNOWN_ID = 40;
const CHARS_MAP = 2;
const ADD_PREFIX = 3;
const MERGE_SPACES = 4;

/** The wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** @throws MalformedTokenizerError */
export function readSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  const pieces: string[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  const trainer = { modelType: MODEL_TYPE.unigram as number, unknownId: 0, byteFallback: false };
  const normalizer = { charsMap: new Uint8Array(), addPrefix: true, mergeSpaces: true };
  for (const field of fields(bytes, file)) {
    if (field.number === PIECES && field.bytes) {
      if (pieces.length === MAX_VOCABULARY) {
        throw malformedFile(file, `has more than ${MAX_VOCABULARY} pieces`);
      }
      const piece = readPiece(field.bytes, file, pieces.length);
      pieces.push(piece.text);
      scores.push(piece.score);
      types.push(piece.type);
    } else if (field.number === TRAINER_SPEC && field.bytes) {
      readTrainer(field.bytes, file, trainer);
    } else if (field.number === NORMALIZER_SPEC && field.bytes) {
      readNormalizer(field.bytes, file, normalizer);
    }
  }
  const { modelType, unknownId, byteFallback } = trainer;
  check(pieces, types, byteFallback, file);
  const nul = pieces.indexOf('\0');
  if (byteFallback && types[nul] === TOKEN_TYPE.normal) {
    // Since version 0.2.2 sentencepiece takes the byte's own piece instead.
    types[nul] = TOKEN_TYPE.unused;
  }
  return {
    pieces,
    scores: Float32Array.from(scores),
    types: Int32Array.from(types),
    ...{ modelType, unknownId, normalizer },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readPiece(bytes: Uint8Array, file: string, id: number) {
  let text = '';
  let score = 0;
  let type: number = TOKEN_TYPE.normal;
  for (const field of fields(bytes, file)) {
    if (field.number === PIECE && field.bytes) {
      try {
        text = utf8.decode(field.bytes);
      } catch {
        throw malformedFile(file, `piece ${id} is not UTF-8`);
      }
    } else if (field.number === SCORE && field.fixed32) {
      score = field.fixed32.getFloat32(0, true);
    } else if (field.number === TYPE && field.varint !== undefined && field.varint >= 1 && field.varint <= 6) {
      type = field.varint;
    }
  }
  return { text, score, type };
}

/** Reads fields into `trainer`. Of a field that is there twice the last one counts. */
function readTrainer(
  bytes: Uint8Array,
  file: string,
  trainer: { modelType: number; unknownId: number; byteFallback: boolean },
): void {
  for (const { number, varint } of fields(bytes, file)) {
    if (varint === undefined) {
      continue;
    }
    if (number === TRAINER_MODEL_TYPE) {
      trainer.modelType = varint;
    } else if (number === UNKNOWN_ID) {
      trainer.unknownId = varint;
    } else if (number === BYTE_FALLBACK) {
      trainer.byteFallback = varint !== 0;
    }
  }
}

/** Reads fields into `normalizer`. */
function readNormalizer(
  message: Uint8Array,
  file: string,
  normalizer: { charsMap: Uint8Array; addPrefix: boolean; mergeSpaces: boolean },
): void {
  for (const { number, varint, bytes } of fields(message, file)) {
    if (number === CHARS_MAP && bytes) {
      normalizer.charsMap = bytes;
    } else if (number === ADD_PREFIX && varint !== undefined) {
      normalizer.addPrefix = varint !== 0;
    } else if (number === MERGE_SPACES && varint !== undefined) {
      normalizer.mergeSpaces = varint !== 0;
    }
  }
}

interface Field {
  readonly number: number;
  /** The value, for the wire type that the field has. A 64-bit value is skipped and has neither. */
  readonly varint?: number;
  readonly bytes?: Uint8Array;
  readonly fixed32?: DataView;
}

/** Yields the fields of a message. It checks every length against the bytes that are left. */
function* fields(bytes: Uint8Array, file: string): Generator<Field> {
  const broken = () => malformedFile(file, 'is no SentencePiece model (it can not be parsed as a ModelProto)');
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) {
        throw broken();
      }
      // Beyond 2^53 the value is not exact. A length of this size is refused below, and no field that is read has such
      // a number.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throw broken();
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) {
      throw broken();
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0 || tag >= 2 ** 32) {
      throw broken();
    }
    switch (tag % 8) {
      case VARINT:
        yield { number, varint: varint() };
        break;
      case BYTES:
        yield { number, bytes: take(varint()) };
        break;
      case FIXED32: {
        const data = take(4);
        yield { number, fixed32: new DataView(data.buffer, data.byteOffset, 4) };
        break;
      }
      case FIXED64:
        take(8);
        break;
      default:
        throw broken();
    }
  }
}

function check(pieces: readonly string[], types: readonly number[], byteFallback: boolean, file: string): void {
  const refuse = (what: string) => malformedFile(file, `is no usable SentencePiece model: ${what}`);
  // Like sentencepiece 0.2.0, keep reserved pieces (unknown, control, byte) apart from those that text can become.
  const seen = { reserved: new Set<string>(), text: new Set<string>() };
  let byteValues = 0;
  for (const [id, piece] of pieces.entries()) {
    const type = types[id];
    const reserved = type === TOKEN_TYPE.unknown || type === TOKEN_TYPE.control || type === TOKEN_TYPE.byte;
    const names = reserved ? seen.reserved : seen.text;
    if (piece === '') {
      throw refuse(`piece ${id} is empty`);
    }
    if (names.has(piece)) {
      throw refuse(`piece ${id}, ${JSON.stringify(piece)}, is there twice`);
    }
    names.add(piece);
    if (type === TOKEN_TYPE.byte) {
      if (!byteFallback) {
        throw refuse(`piece ${id} is a byte, but byte_fallback is off`);
      }
      const byte = byteOfToken(piece);
      if (byte === undefined || piece !== byteToken(byte)) {
        throw refuse(`byte piece ${id}, ${JSON.stringify(piece)}, names no byte`);
      }
      byteValues++;
    }
  }
  if (!types.includes(TOKEN_TYPE.unknown)) {
    throw refuse('no piece is the unknown token');
  }
  if (byteFallback && byteValues !== 256) {
    throw refuse(`byte_fallback is on with ${byteValues} byte pieces, not 256`);
  }
}
