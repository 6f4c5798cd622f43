import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KeyValues } from '#src/gguf/key-values.js';
import { MalformedTokenizerError } from '#src/hf-tokenizer/errors.js';
import { readSentencePieceModel } from '#src/tokenizer/model-proto.js';
import { writeUnigramNormalizer } from '#src/tokenizer/unigram-keys.js';

const TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** A field of protobuf's wire format: its tag, then the value. */
const tag = (number: number, wire: number) => varint(number * 8 + wire);
const bytes = (number: number, value: Uint8Array) => Buffer.concat([tag(number, 2), varint(value.length), value]);
const text = (number: number, value: string) => bytes(number, Buffer.from(value));

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      return Buffer.from([...out, rest]);
    }
    out.push((rest % 128) | 128);
  }
}

function piece(value: string, score: number, type: number = TYPE.normal): Buffer {
  const float = Buffer.alloc(4);
  float.writeFloatLE(score);
  const parts = [text(1, value), Buffer.concat([tag(2, 5), float]), Buffer.concat([tag(3, 0), varint(type)])];
  return bytes(1, Buffer.concat(parts));
}

const UNKNOWN = piece('<unk>', 0, TYPE.unknown);
const byteFallback = bytes(2, Buffer.concat([tag(35, 0), varint(1)]));
const read = (...parts: Uint8Array[]) => readSentencePieceModel(Buffer.concat(parts), 'tokenizer.model');

test('pieces, scores and types by id, whatever else the model holds', () => {
  const unheardOf = Buffer.concat([tag(200, 0), varint(7), tag(201, 1), Buffer.alloc(8), text(202, 'x')]);
  const model = read(UNKNOWN, unheardOf, piece('▁a', -1.5), bytes(1, text(1, 'plain')), piece('<s>', 0, TYPE.control));
  expect(model.pieces).toEqual(['<unk>', '▁a', 'plain', '<s>']);
  expect(Array.from(model.scores)).toEqual([0, -1.5, 0, 0]);
  expect(Array.from(model.types)).toEqual([TYPE.unknown, TYPE.normal, TYPE.normal, TYPE.control]);
});

const number = (field: number, value: number) => Buffer.concat([tag(field, 0), varint(value)]);

test('how text is cut and normalized, with the defaults of sentencepiece', () => {
  const charsMap = new Uint8Array();
  expect(read(UNKNOWN)).toMatchObject({
    ...{ modelType: 1, unknownId: 0 },
    normalizer: { charsMap, addPrefix: true, mergeSpaces: true },
  });
  const trainer = bytes(2, Buffer.concat([number(3, 2), number(40, 7)]));
  const normalizer = bytes(3, Buffer.concat([bytes(2, Uint8Array.of(1, 2, 3)), number(3, 0), number(4, 0)]));
  const { modelType, unknownId, normalizer: own } = read(UNKNOWN, trainer, normalizer);
  expect({ modelType, unknownId }).toEqual({ modelType: 2, unknownId: 7 });
  expect({ ...own, charsMap: [...own.charsMap] }).toEqual({
    charsMap: [1, 2, 3],
    addPrefix: false,
    mergeSpaces: false,
  });
});

test('a map of characters that is cut off is not written', () => {
  const write = (...map: number[]) =>
    writeUnigramNormalizer(new KeyValues(), { mergeSpaces: true, charsMap: Uint8Array.from(map) }, 'spiece.model');
  expect(() => write(4, 0, 0, 0, 1, 2, 3, 4)).toThrow(/^spiece\.model: has a map of characters of 8 bytes/);
  expect(() => write(200)).toThrow(MalformedTokenizerError);
  expect(() => write(4, 0, 0, 0, 1, 2, 3, 4, 0)).not.toThrow();
});

test('a text piece may have the name of a reserved one, as sentencepiece allows', () => {
  expect(read(UNKNOWN, piece('<unk>', 0)).pieces).toHaveLength(2);
});

const BYTES = Array.from({ length: 256 }, (_, i) =>
  piece(`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, 0, TYPE.byte),
);

test('byte pieces need byte_fallback, and all 256', () => {
  expect(read(UNKNOWN, byteFallback, ...BYTES).pieces).toHaveLength(257);
  expect(() => read(UNKNOWN, ...BYTES)).toThrow(/byte_fallback/);
  expect(() => read(UNKNOWN, byteFallback, ...BYTES.slice(1))).toThrow(/255 byte pieces/);
});

test.each([
  ['nothing at all', []],
  ['no unknown token', [piece('a', 0)]],
  ['an empty piece', [UNKNOWN, piece('', 0)]],
  ['a piece twice', [UNKNOWN, piece('a', 0), piece('a', 1)]],
  ['a piece that is not UTF-8', [UNKNOWN, bytes(1, bytes(1, Uint8Array.of(0xff)))]],
  ['a length beyond the file', [UNKNOWN, Buffer.concat([tag(1, 2), varint(2 ** 40)])]],
  ['a number that never ends', [UNKNOWN, Buffer.concat([tag(9, 0), Buffer.alloc(64, 0xff)])]],
  ['a field of number 0', [UNKNOWN, Buffer.concat([tag(0, 0), varint(1)])]],
  ['an unknown wire type', [UNKNOWN, tag(9, 7)]],
  ['text instead of a model', [Buffer.from('IQ== 0\nIg== 1\n')]],
])('refused: %s', (_, parts) => {
  expect(() => read(...parts)).toThrow(MalformedTokenizerError);
  expect(() => read(...parts)).toThrow(/^tokenizer\.model: /);
});

test('a real model cut anywhere is refused, or read up to the cut', () => {
  const file = fileURLToPath(new URL('../../../test/fixtures/vocab-spm/source/tokenizer.model', import.meta.url));
  const whole = readFileSync(file);
  const all = read(whole).pieces;
  for (let length = 0; length < whole.length; length += 7) {
    try {
      const { pieces } = read(whole.subarray(0, length));
      expect(pieces).toEqual(all.slice(0, pieces.length));
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedTokenizerError);
    }
  }
});
