import { add, cast, mul, reshape, slice, unpack } from '../../tensor/build.js';
import { rowLength, type TensorExpr } from '../../tensor/expr.js';
import { shapeOf } from '../../tensor/rows.js';
import { bytesOfRows, byteValues, pairValues } from './packed-codes.js';

const WORD = 32;

/** Whether so many words of 32 bits hold `count` codes: each word as many as it has room for, or codes across words. */
export function isWordsOf(words: number, count: number, bits: number): boolean {
  return words === wordsOf(count, bits) || words === Math.ceil((count * bits) / WORD);
}

/** Words whose codes do not go over their borders. */
function wordsOf(count: number, bits: number): number {
  return Math.ceil(count / Math.floor(WORD / bits));
}

/**
 * Codes less `zero` in float32, from words of 32 bits along each row, from the low bit up. Rows may end with bits that mean
 * nothing.
 * @param words I32 [..., words], of which `isWordsOf` is true.
 * @param count codes of a row.
 */
export function wordCodes(words: TensorExpr, count: number, bits: number, zero: number): TensorExpr {
  const values = WORD % bits === 0 ? wholeCodes(words, bits, zero) : splitCodes(words, count, bits, zero);
  return slice(values, shapeOf(words).length - 1, 0, count);
}

/** A byte is looked up once for all its codes, where it has one or two. */
function wholeCodes(words: TensorExpr, bits: number, zero: number): TensorExpr {
  const shape = shapeOf(words);
  if (words.op === 'source' && (bits === 4 || bits === 8)) {
    const bytes = bytesOfRows(words, words.name);
    const table = { op: 'constant', dtype: 'F32', shape: [2 ** bits], values: codesLess(zero, bits) } as const;
    const values = bits === 4 ? pairValues(bytes, table, 'low first') : byteValues(bytes, table);
    return reshape(values, [...shape.slice(0, -1), (rowLength(shape) * WORD) / bits]);
  }
  return less(cast(unpack(words, shape.length - 1, bits), 'F32'), zero);
}

function codesLess(zero: number, bits: number): number[] {
  return Array.from({ length: 2 ** bits }, (_, code) => code - zero);
}

function less(values: TensorExpr, zero: number): TensorExpr {
  return zero === 0 ? values : add(values, -zero);
}

/** Codes whose number of bits does not divide a word, bit by bit. */
function splitCodes(words: TensorExpr, count: number, bits: number, zero: number): TensorExpr {
  const shape = shapeOf(words);
  const [first, length] = [shape.slice(0, -1), rowLength(shape)];
  const last = first.length;
  const single = unpack(words, last, 1);
  const each = Math.floor(WORD / bits);
  const isWithin = length === wordsOf(count, bits);
  const codes = isWithin ? length * each : count;
  const used = isWithin
    ? slice(reshape(single, [...first, length, WORD]), last + 1, 0, each * bits)
    : slice(single, last, 0, count * bits);
  const apart = reshape(used, [...first, codes, bits]);
  const bit = (i: number) => reshape(cast(slice(apart, last + 1, i, i + 1), 'F32'), [...first, codes]);
  const sum = Array.from({ length: bits }, (_, i) => mul(bit(i), 2 ** i)).reduce((a, b) => add(a, b));
  return less(sum, zero);
}
