import { IS_BIG_ENDIAN } from '../../gguf/byte-order.js';
import type { ByteSource } from '../../gguf/byte-source.js';
import { MAX_IMATRIX_BYTES } from '../../limits.js';
import { MalformedImatrixError } from './imatrix.js';

/** Bytes of one read: few requests, little memory. */
const WINDOW = 2 ** 22;

/** Reads a file from its start to its end, a window at a time. A read beyond the end throws. */
export class ForwardReader {
  #window: Uint8Array = new Uint8Array(0);
  /** Of the window's first byte that is not taken yet, in the file. */
  #offset = 0;

  /** @throws MalformedImatrixError if the file is too large to be read whole. */
  constructor(
    readonly source: ByteSource,
    readonly signal?: AbortSignal,
  ) {
    if (source.size > MAX_IMATRIX_BYTES) {
      throw this.malformed(`it has ${source.size} bytes, more than ${MAX_IMATRIX_BYTES}`);
    }
  }

  get left(): number {
    return this.source.size - this.#offset;
  }

  malformed(what: string): MalformedImatrixError {
    return new MalformedImatrixError(this.source.name, what);
  }

  /** Moves on to an offset within the window. */
  skipTo(offset: number): void {
    this.#window = this.#window.subarray(offset - this.#offset);
    this.#offset = offset;
  }

  /** @throws MalformedImatrixError naming `place` if fewer bytes are left. */
  async bytes(length: number, place: string): Promise<Uint8Array> {
    if (length > this.left) {
      throw this.malformed(`it ends at byte ${this.source.size}, within ${place}`);
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      if (this.#window.length === 0) {
        this.#window = await this.source.read(this.#offset, Math.min(WINDOW, this.left), this.signal);
      }
      const part = this.#window.subarray(0, length - done);
      bytes.set(part, done);
      done += part.length;
      this.skipTo(this.#offset + part.length);
    }
    return bytes;
  }

  async int32(place: string): Promise<number> {
    return new DataView((await this.bytes(4, place)).buffer).getInt32(0, true);
  }

  async floats(length: number, place: string, bigEndian = false): Promise<Float32Array> {
    const bytes = Buffer.from((await this.bytes(length * 4, place)).buffer);
    if (bigEndian !== IS_BIG_ENDIAN) {
      bytes.swap32();
    }
    return new Float32Array(bytes.buffer);
  }
}
