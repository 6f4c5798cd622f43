import { SourceError } from '../errors.js';
import { MAX_GGUF_HEADER_BYTES } from '../limits.js';
import { IS_BIG_ENDIAN } from './byte-order.js';
import type { ByteSource } from './byte-source.js';
import { decodeRaw } from './raw-strings.js';

export class NotGgufError extends SourceError {}
export class GgufVersionError extends SourceError {}
/** A broken or hostile header, or a file that ends early. */
export class MalformedGgufError extends SourceError {
  constructor(name: string, what: string) {
    super(`${name} is no valid GGUF file: ${what}.`, 'Download or convert it again.');
  }
}

/** Bytes that are fetched ahead: little for a small header, few requests for a large one. */
const FIRST_FETCH = 2 ** 19;
const LARGEST_FETCH = 2 ** 23;

const ARRAYS = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  u64: BigUint64Array,
  i64: BigInt64Array,
  f64: Float64Array,
} as const;

export type NumberType = keyof typeof ARRAYS;
type NumberArray<T extends NumberType> = InstanceType<(typeof ARRAYS)[T]>;

export function isNumberType(type: string): type is NumberType {
  return type in ARRAYS;
}

export function numberBytes(type: NumberType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

/** Reads a file from its start, a window at a time. It fetches at most one window more than the caller takes. */
export class Cursor {
  #window = Buffer.alloc(0);
  #view = new DataView(this.#window.buffer);
  /** The next byte's position in the window. */
  #at = 0;
  /** The position in the file of the window's end. */
  #end = 0;
  #fetch = FIRST_FETCH;
  #bigEndian = false;
  /** The name, for messages, of what is read now. */
  place = 'the header';

  constructor(
    readonly source: ByteSource,
    readonly signal?: AbortSignal,
  ) {}

  /** The next byte's position in the file. */
  get offset(): number {
    return this.#end - this.#window.length + this.#at;
  }

  get left(): number {
    return this.source.size - this.offset;
  }

  useBigEndian(): void {
    this.#bigEndian = true;
  }

  malformed(what: string): MalformedGgufError {
    return new MalformedGgufError(this.source.name, what);
  }

  /** Whether `length` more bytes can be taken without fetching. */
  has(length: number): boolean {
    return this.#window.length - this.#at >= length;
  }

  /** Makes `length` more bytes ready to be taken. */
  async need(length: number): Promise<void> {
    if (this.has(length)) {
      return;
    }
    if (length > this.left) {
      throw this.malformed(`it ends at byte ${this.source.size}, within ${this.place}`);
    }
    if (this.offset + length > MAX_GGUF_HEADER_BYTES) {
      throw this.malformed(`its header, at ${this.place}, has more than ${MAX_GGUF_HEADER_BYTES} bytes`);
    }
    const rest = this.#window.subarray(this.#at);
    const end = Math.min(this.source.size, MAX_GGUF_HEADER_BYTES);
    const ahead = Math.min(Math.max(length - rest.length, this.#fetch), end - this.#end);
    const fetched = await this.source.read(this.#end, ahead, this.signal);
    this.#window = Buffer.concat([rest, fetched]);
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.byteLength);
    this.#at = 0;
    this.#end += ahead;
    this.#fetch = Math.min(this.#fetch * 2, LARGEST_FETCH);
  }

  /** `length` bytes that `need` has made ready. */
  take(length: number): Uint8Array {
    const bytes = this.#window.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  /** `length` numbers that `need` has made ready, as an array of their own. */
  takeNumbers<T extends NumberType>(type: T, length: number): NumberArray<T> {
    const size = numberBytes(type);
    const copy = Buffer.from(new ArrayBuffer(length * size));
    copy.set(this.take(length * size));
    if (this.#bigEndian !== IS_BIG_ENDIAN) {
      swapBytes(copy, size);
    }
    return new ARRAYS[type](copy.buffer) as NumberArray<T>;
  }

  async u32(): Promise<number> {
    await this.need(4);
    const value = this.#view.getUint32(this.#at, !this.#bigEndian);
    this.#at += 4;
    return value;
  }

  /** A count, length or offset, which has to be exact as a double. */
  async count(what: string): Promise<number> {
    await this.need(8);
    const value = this.#view.getBigUint64(this.#at, !this.#bigEndian);
    this.#at += 8;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.malformed(`${what} of ${this.place} is ${value}`);
    }
    return Number(value);
  }

  async string(limit: number): Promise<string> {
    return (await this.strings(1, limit))[0] ?? '';
  }

  /** Each with its length before it, read as raw-strings.ts says. Waits only where bytes have to be fetched. */
  async strings(count: number, limit: number): Promise<string[]> {
    const strings: string[] = [];
    while (strings.length < count) {
      const next = this.#stringOrNeed(limit);
      if (typeof next === 'number') {
        await this.need(next);
      } else {
        strings.push(next);
      }
    }
    return strings;
  }

  /** The next string, or how many bytes have to be ready first. */
  #stringOrNeed(limit: number): string | number {
    if (!this.has(8)) {
      return 8;
    }
    const length = this.#view.getBigUint64(this.#at, !this.#bigEndian);
    if (length > limit) {
      throw this.malformed(`${this.place} has a string of ${length} bytes, more than ${limit}`);
    }
    const total = 8 + Number(length);
    if (!this.has(total)) {
      return total;
    }
    this.#at += total;
    return decodeRaw(this.#window, this.#at - Number(length), this.#at);
  }
}

function swapBytes(bytes: Buffer, size: number): void {
  if (size === 2) {
    bytes.swap16();
  } else if (size === 4) {
    bytes.swap32();
  } else if (size === 8) {
    bytes.swap64();
  }
}
