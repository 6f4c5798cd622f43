import { SourceError } from '../errors.js';
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
 * Everything before the data section, which begins at the returned length when there are tensors: padded to the
 * alignment then, and not padded without tensors (a vocabulary).
 * @throws BadValueError
 */
export function encodeHeader(kv: Iterable<readonly [string, GgufValue]>, tensors: readonly TensorInfo[]): Uint8Array {
  const entries = [...kv];
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
  if (tensors.length > 0) {
    out.bytes(new Uint8Array(align(out.length) - out.length));
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
  for (let i = 0; i < value.value.length; i++) {
    writeScalar(out, key, value.of, value.value[i] as Scalar);
  }
}

const INTEGERS: Partial<Record<ScalarType, readonly [bits: number, signed: boolean]>> = {
  u8: [8, false],
  i8: [8, true],
  u16: [16, false],
  i16: [16, true],
  u32: [32, false],
  i32: [32, true],
  u64: [64, false],
  i64: [64, true],
};

function writeScalar(out: ByteWriter, key: string, type: ScalarType, value: Scalar): void {
  const integer = INTEGERS[type];
  if (integer && isIntegerOf(value, integer)) {
    out.integer(BigInt(value), integer[0] / 8);
  } else if ((type === 'f32' || type === 'f64') && typeof value === 'number' && fits(value, type)) {
    out.float(value, type);
  } else if (type === 'bool' && typeof value === 'boolean') {
    out.bytes(Uint8Array.of(value ? 1 : 0));
  } else if (type === 'string' && typeof value === 'string') {
    out.string(value);
  } else {
    throw new BadValueError(
      `The model's files give ${key} the value ${String(value).slice(0, 100)}, which is no ${type}.`,
      'Correct the field that it comes from (config.json or the tokenizer files).',
    );
  }
}

function isIntegerOf(value: Scalar, [bits, signed]: readonly [number, boolean]): value is number | bigint {
  if (typeof value !== 'bigint' && !Number.isInteger(value)) {
    return false;
  }
  const [low, high] = signed ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1)] : [0n, 2n ** BigInt(bits)];
  return BigInt(value as number | bigint) >= low && BigInt(value as number | bigint) < high;
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
    this.#reserve(4).writeUInt32LE(value, this.length);
    this.length += 4;
  }

  u64(value: number): void {
    this.integer(BigInt(value), 8);
  }

  integer(value: bigint, size: number): void {
    this.#reserve(8).writeBigInt64LE(BigInt.asIntN(64, value), this.length);
    this.length += size;
  }

  float(value: number, type: 'f32' | 'f64'): void {
    const buffer = this.#reserve(8);
    this.length = type === 'f32' ? buffer.writeFloatLE(value, this.length) : buffer.writeDoubleLE(value, this.length);
  }

  string(value: string): void {
    const size = Buffer.byteLength(value);
    this.u64(size);
    this.#reserve(size).write(value, this.length);
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
