import {
  MAX_GGUF_ARRAY_LENGTH,
  MAX_GGUF_DIMS,
  MAX_GGUF_KEY_VALUES,
  MAX_GGUF_NAME_BYTES,
  MAX_GGUF_STRING_BYTES,
  MAX_TENSORS,
} from '../limits.js';
import { counted } from '../options/counted.js';
import type { ByteSource } from './byte-source.js';
import { Cursor, GgufVersionError, isNumberType, NotGgufError, numberBytes } from './cursor.js';
import { KeyValues } from './key-values.js';
import { GGML_TYPES, type GgmlType, type GgufValue, type Scalar, type ScalarType, VALUE_TYPES } from './types.js';
import { align, DEFAULT_ALIGNMENT } from './writer.js';

/** Everything in a GGUF file but its tensors' data. Format: ggml/docs/gguf.md and gguf.cpp of llama.cpp v0.5.0. */
export interface GgufFile {
  readonly version: number;
  readonly bigEndian: boolean;
  /** The alignment of the tensors' offsets, in bytes. */
  readonly alignment: number;
  /** Arrays of numbers are typed arrays. */
  readonly kv: KeyValues;
  /** In file order. */
  readonly tensors: readonly GgufTensor[];
  /** Where the tensors' data begins. */
  readonly dataOffset: number;
  /** Where it ends, with the last tensor's padding: what follows is no part of the file. */
  readonly dataEnd: number;
  /** The file's size in bytes. */
  readonly size: number;
}

export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Innermost dimension first, as the file has it: the first is a row's length. */
  readonly ne: readonly number[];
  /** From the file's start. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

const TYPE_BY_NUMBER = new Map(
  Object.entries(GGML_TYPES).map(([name, [number]]) => [number as number, name as GgmlType]),
);
const VALUE_TYPE_BY_NUMBER = new Map(
  Object.entries(VALUE_TYPES).map(([name, number]) => [number as number, name as keyof typeof VALUE_TYPES]),
);

/**
 * Reads and checks the header of a file of version 2 or 3, of either byte order.
 * @throws NotGgufError, GgufVersionError, MalformedGgufError, and what the source throws.
 */
export async function readGguf(source: ByteSource, signal?: AbortSignal): Promise<GgufFile> {
  const cursor = new Cursor(source, signal);
  const { version, bigEndian } = await readVersion(cursor);
  const tensorCount = await cursor.count('the tensor count');
  const keyCount = await cursor.count('the key count');
  if (tensorCount > MAX_TENSORS || keyCount > MAX_GGUF_KEY_VALUES) {
    throw cursor.malformed(`it claims ${tensorCount} tensors and ${keyCount} keys`);
  }
  const kv = await readKeyValues(cursor, keyCount);
  const alignment = alignmentOf(cursor, kv);
  const relative: GgufTensor[] = [];
  for (let index = 0; index < tensorCount; index++) {
    relative.push(await readTensor(cursor, index, alignment));
  }
  const dataOffset = align(cursor.offset, alignment);
  const tensors = relative.map((tensor) => ({ ...tensor, offset: dataOffset + tensor.offset }));
  const dataEnd = align(Math.max(dataOffset, checkLayout(cursor, tensors)), alignment);
  return { version, bigEndian, alignment, kv, tensors, dataOffset, dataEnd, size: source.size };
}

async function readVersion(cursor: Cursor): Promise<{ version: number; bigEndian: boolean }> {
  const { name, size } = cursor.source;
  const magic = size < 4 ? '' : await cursor.need(4).then(() => Buffer.from(cursor.take(4)).toString('latin1'));
  if (magic !== 'GGUF') {
    throw new NotGgufError(
      `${name} is no GGUF file: it ${size < 4 ? `has ${counted(size, 'byte')}` : `begins with ${JSON.stringify(magic)}`}.`,
      'If Git LFS left a pointer in its place, fetch the file itself.',
    );
  }
  const stored = await cursor.u32();
  // A small number in the other byte order has nothing in its lower half.
  const bigEndian = stored !== 0 && (stored & 0xffff) === 0;
  const version = bigEndian ? Buffer.from(Uint32Array.of(stored).buffer).swap32().readUInt32LE() : stored;
  if (version !== 2 && version !== 3) {
    throw new GgufVersionError(`${name} has GGUF version ${version}.`, 'Convert the model again, to version 3.');
  }
  if (bigEndian) {
    cursor.useBigEndian();
  }
  return { version, bigEndian };
}

async function readKeyValues(cursor: Cursor, count: number): Promise<KeyValues> {
  const kv = new KeyValues();
  for (let index = 0; index < count; index++) {
    cursor.place = `key ${index + 1} of ${count}`;
    const key = await cursor.string(MAX_GGUF_NAME_BYTES);
    if (key === '' || kv.has(key)) {
      throw cursor.malformed(key === '' ? `${cursor.place} is empty` : `the key ${key} stands there twice`);
    }
    cursor.place = `the value of ${key}`;
    kv.set(key, await readValue(cursor));
  }
  return kv;
}

async function readValue(cursor: Cursor): Promise<GgufValue> {
  const type = await readValueType(cursor);
  if (type !== 'array') {
    return { type, value: (await readScalars(cursor, type, 1))[0] ?? 0 };
  }
  const of = await readValueType(cursor);
  if (of === 'array') {
    throw cursor.malformed(`${cursor.place} is an array of arrays`);
  }
  const length = await cursor.count('the array length');
  if (length > MAX_GGUF_ARRAY_LENGTH) {
    throw cursor.malformed(`${cursor.place} is an array of ${length} elements, more than ${MAX_GGUF_ARRAY_LENGTH}`);
  }
  return { type, of, value: await readScalars(cursor, of, length) };
}

async function readValueType(cursor: Cursor): Promise<keyof typeof VALUE_TYPES> {
  const number = await cursor.u32();
  const type = VALUE_TYPE_BY_NUMBER.get(number);
  if (!type) {
    throw cursor.malformed(`${cursor.place} has the unknown type ${number}`);
  }
  return type;
}

async function readScalars(cursor: Cursor, type: ScalarType, length: number): Promise<ArrayLike<Scalar>> {
  if (isNumberType(type)) {
    await cursor.need(length * numberBytes(type));
    return cursor.takeNumbers(type, length);
  }
  if (type === 'bool') {
    await cursor.need(length);
    const bytes = cursor.take(length);
    if (bytes.some((byte) => byte > 1)) {
      throw cursor.malformed(`${cursor.place} has a boolean that is neither 0 nor 1`);
    }
    return Array.from(bytes, (byte) => byte === 1);
  }
  return cursor.strings(length, MAX_GGUF_STRING_BYTES);
}

function alignmentOf(cursor: Cursor, kv: KeyValues): number {
  const value = kv.get('general.alignment');
  if (!value) {
    return DEFAULT_ALIGNMENT;
  }
  const alignment = value.type === 'u32' ? Number(value.value) : 0;
  if (alignment === 0 || !Number.isInteger(Math.log2(alignment))) {
    throw cursor.malformed('general.alignment is no power of two of type u32');
  }
  return alignment;
}

/** The offset is from the start of the data. */
async function readTensor(cursor: Cursor, index: number, alignment: number): Promise<GgufTensor> {
  cursor.place = `tensor ${index + 1}`;
  const name = await cursor.string(MAX_GGUF_NAME_BYTES);
  cursor.place = `the tensor ${name}`;
  const dimensions = await cursor.u32();
  if (dimensions > MAX_GGUF_DIMS) {
    throw cursor.malformed(`${cursor.place} has ${dimensions} dimensions`);
  }
  const ne: number[] = [];
  for (let i = 0; i < dimensions; i++) {
    ne.push(await cursor.count('a dimension'));
  }
  const number = await cursor.u32();
  const type = TYPE_BY_NUMBER.get(number);
  if (!type) {
    throw cursor.malformed(`${cursor.place} has the unknown type ${number}`);
  }
  const offset = await cursor.count('the offset');
  if (offset % alignment !== 0) {
    throw cursor.malformed(`the offset of ${cursor.place}, ${offset}, is no multiple of ${alignment}`);
  }
  return { name, type, ne, offset, size: tensorBytes(cursor, type, ne) };
}

function tensorBytes(cursor: Cursor, type: GgmlType, ne: readonly number[]): number {
  const [, blockElements, blockBytes] = GGML_TYPES[type];
  const row = ne[0] ?? 1;
  if (row % blockElements !== 0) {
    throw cursor.malformed(
      `${cursor.place} has rows of ${row}, no multiple of the ${blockElements} in a block of ${type}`,
    );
  }
  const bytes = (ne.reduce((product, length) => product * length, 1) / blockElements) * blockBytes;
  // Beyond 2^53 a product is no longer exact, but stays beyond.
  if (bytes > Number.MAX_SAFE_INTEGER) {
    throw cursor.malformed(`${cursor.place} has ${ne.join(' × ')} elements`);
  }
  return bytes;
}

/** Every tensor inside the file, its name once, its bytes its own. @returns where the last one ends; 0 without any. */
function checkLayout(cursor: Cursor, tensors: readonly GgufTensor[]): number {
  const names = new Set<string>();
  let end = 0;
  let before = '';
  for (const { name, offset, size } of [...tensors].sort((a, b) => a.offset - b.offset || a.size - b.size)) {
    if (names.has(name)) {
      throw cursor.malformed(`the tensor ${name} stands there twice`);
    }
    if (offset < end) {
      throw cursor.malformed(`the tensors ${before} and ${name} overlap`);
    }
    if (offset + size > cursor.source.size) {
      throw cursor.malformed(`the tensor ${name} ends at byte ${offset + size}, but the file at ${cursor.source.size}`);
    }
    names.add(name);
    end = offset + size;
    before = name;
  }
  return end;
}
