import { TruncatedPickleError } from './errors.js';

/** Goes over a pickle's bytes. */
export class ByteCursor {
  constructor(
    readonly bytes: Buffer,
    public at: number,
    /** What the bytes are, for messages. */
    readonly what: string,
  ) {}

  /** The next bytes, which are not copied. @throws TruncatedPickleError */
  take(length: number): Buffer {
    if (length > this.bytes.length - this.at) {
      throw new TruncatedPickleError(`${this.what} ends within its pickle, at byte ${this.bytes.length}.`);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  /** Lengths that are no safe integers are longer than any file. */
  u64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  /** Up to the next line feed, without it. */
  line(): string {
    const end = this.bytes.indexOf(LINE_FEED, this.at);
    const line = this.take(end < 0 ? this.bytes.length - this.at + 1 : end - this.at + 1);
    return line.toString('utf8', 0, line.length - 1);
  }
}

const LINE_FEED = 0x0a;
