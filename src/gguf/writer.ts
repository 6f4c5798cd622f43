import { SourceError } from '../errors.js';
import { writeRaw } from './raw-strings.js';
import { GGML_TYPES, type GgmlType, type GgufValue, type Scalar, type ScalarType, VALUE_TYPES } from './types.js';

/** GGUF version 3, little endian. Format: docs/gguf.md of ggml; string and array rules as gguf-py has them. */

export const GGUF_VERSION = 3;
export const DEFAULT_ALIGNMENT = 32;

export interface TensorInfo {
  readonly name: string;
  readonly type: GgmlType;
  /** ggml's order: the row length first. */
  readonly ne: readonly number[];
  /** From the start of the data section. */
  readonly offset: number;
}

/** A value that its key's type cannot hold. */
export class BadValueError extends SourceError {}

export function align(offset: number, alignment = DEFAULT_ALIGNMENT): number {
  return Math.ceil(offset / alignment) * alignment;
}

/**
 * Everything before the data section, which begins at the returned length where there are tensors.
 * @param padded to the alignment. gguf-py does not without tensors (a vocabulary), ggml always does.
 * @throws BadValueError
 */
export function encodeHeader(
  kv: Iterable<readonly [string, GgufValue]>,
  tensors: readonly TensorInfo[],
  padded = tensors.length > 0,
): Uint8Array {
  const entries = [...kv];
  const alignment = Number(entries.find(([key]) => key === 'general.alignment')?.[1].value ?? DEFAULT_ALIGNMENT);
  const out = new ByteWriter();
  out.bytes(Buffer.from('GGUF', 'latin1'));
  out.u32(GGUF_VERSION);
  out.u64(tensors.length);
  out.u64(entries.length);
  for (const [key, value] of entries) {
    out.string(key);
    writeValue(out, key, value);
  }
  for (const { name, type, ne, offset } of tensors) {
    out.string(name);
    out.u32(ne.length);
    for (const size of ne) {
      out.u64(size);
    }
    out.u32(GGML_TYPES[type][0]);
    out.u64(offset);
  }
  if (padded) {
    out.bytes(new Uint8Array(align(out.length, alignment) - out.length));
  }
  return out.finish();
}

function writeValue(out: ByteWriter, key: string, value: GgufValue): void {
  out.u32(VALUE_TYPES[value.type]);
  if (value.type !== 'array') {
    writeScalar(out, key, value.type, value.value);
    return;
  }
  out.u32(VALUE_TYPES[value.of]);
  out.u64(value.value.length);
  if (isAsStored(value.of, value.value)) {
    out.bytes(new Uint8Array(value.value.buffer, value.value.byteOffset, value.value.byteLength));
    return;
  }
  for (let i = 0; i < value.value.length; i++) {
    writeScalar(out, key, value.of, value.value[i] as Scalar);
  }
}

/** Whether a list's bytes in memory are those of the file. */
function isAsStored(of: ScalarType, list: unknown): list is Float32Array | Int32Array {
  return (of === 'f32' && list instanceof Float32Array) || (of === 'i32' && list instanceof Int32Array);
}

function writeScalar(out: ByteWriter, key: string, type: ScalarType, value: Scalar): void {
  if (type === 'string' && typeof value === 'string') {
    out.string(value);
  } else if (type === 'bool' && typeof value === 'boolean') {
    out.integer(value ? 1 : 0, 1);
  } else if ((type === 'f32' || type === 'f64') && typeof value === 'number' && fits(value, type)) {
    out.float(value, type);
  } else if ((type === 'u64' || type === 'i64') && isBigInteger(value, type)) {
    out.integer64(BigInt(value));
  } else if (isSmall(type) && isInteger(value, type)) {
    out.integer(value, INTEGERS[type][2]);
  } else {
    throw new BadValueError(
      `The model's files give ${key} the value ${String(value).slice(0, 100)}, which is no ${type}.`,
      'Correct the field that it comes from (config.json or the tokenizer files).',
    );
  }
}

/** Whether a value of this type can be written as it is. */
export function canHold(type: ScalarType, value: Scalar): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'f32':
    case 'f64':
      return typeof value === 'number' && fits(value, type);
    case 'u64':
    case 'i64':
      return isBigInteger(value, type);
    default:
      return isInteger(value, type);
  }
}

/** For each integer type its smallest and largest value, and its bytes. */
const INTEGERS = {
  u8: [0, 255, 1],
  i8: [-128, 127, 1],
  u16: [0, 65_535, 2],
  i16: [-32_768, 32_767, 2],
  u32: [0, 4_294_967_295, 4],
  i32: [-2_147_483_648, 2_147_483_647, 4],
} as const;

function isSmall(type: ScalarType): type is keyof typeof INTEGERS {
  return type in INTEGERS;
}

function isInteger(value: Scalar, type: keyof typeof INTEGERS): value is number {
  const [low, high] = INTEGERS[type];
  return typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high;
}

function isBigInteger(value: Scalar, type: 'u64' | 'i64'): value is number | bigint {
  if (typeof value !== 'bigint' && !Number.isInteger(value)) {
    return false;
  }
  const wide = BigInt(value as number | bigint);
  return type === 'u64' ? wide === BigInt.asUintN(64, wide) : wide === BigInt.asIntN(64, wide);
}

function fits(value: number, type: 'f32' | 'f64'): boolean {
  return type === 'f64' || !Number.isFinite(value) || Number.isFinite(Math.fround(value));
}

/** Grows by doubling: a vocabulary's header has megabytes of short strings. */
class ByteWriter {
  #buffer = Buffer.alloc(1 << 16);
  length = 0;

  bytes(value: Uint8Array): void {
    this.#reserve(value.length).set(value, this.length);
    this.length += value.length;
  }

  u32(value: number): void {
    this.integer(value, 4);
  }

  /** Writes a count or an offset, which is a safe integer. */
  u64(value: number): void {
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }

  integer(value: number, size: 1 | 2 | 4): void {
    const buffer = this.#reserve(size);
    for (let i = 0; i < size; i++) {
      buffer[this.length++] = value >> (8 * i);
    }
  }

  integer64(value: bigint): void {
    this.length = this.#reserve(8).writeBigInt64LE(BigInt.asIntN(64, value), this.length);
  }

  float(value: number, type: 'f32' | 'f64'): void {
    const buffer = this.#reserve(8);
    this.length = type === 'f32' ? buffer.writeFloatLE(value, this.length) : buffer.writeDoubleLE(value, this.length);
  }

  string(value: string): void {
    // Room for the longest that it can become, so that its bytes need not be counted first.
    const buffer = this.#reserve(8 + 3 * value.length);
    const start = this.length + 8;
    const size = writeShort(buffer, value, start) ?? writeRaw(buffer, value, start);
    this.u64(size);
    this.length += size;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  #reserve(size: number): Buffer {
    if (this.length + size > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(this.#buffer.length * 2, this.length + size));
      grown.set(this.#buffer.subarray(0, this.length));
      this.#buffer = grown;
    }
    return this.#buffer;
  }
}

/**
 * UTF-8 of a short string without surrogates, as most tokens are, several times as fast as a call to Buffer; null for
 * any other.
 * @returns the bytes written.
 */
function writeShort(buffer: Buffer, value: string, start: number): number | null {
  if (value.length > 32) {
    return null;
  }
  let at = start;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x80) {
      buffer[at++] = code;
    } else if (code < 0x800) {
      buffer[at++] = 0xc0 | (code >> 6);
      buffer[at++] = 0x80 | (code & 0x3f);
    } else if (code < 0xd800 || code > 0xdfff) {
      buffer[at++] = 0xe0 | (code >> 12);
      buffer[at++] = 0x80 | ((code >> 6) & 0x3f);
      buffer[at++] = 0x80 | (code & 0x3f);
    } else {
      return null;
    }
  }
  return at - start;
}
