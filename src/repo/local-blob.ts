import { open } from 'node:fs/promises';

/** Bytes that are read of a file at once. */
const PIECE = 2 ** 20;

/**
 * A part of a file on this machine as the body of a request: its length is known, and no more of it is in memory than a
 * piece. `fetch` takes what is a Blob, and asks it for its size and its stream alone.
 */
export class LocalBlob extends Blob {
  constructor(
    readonly path: string,
    readonly offset: number,
    override readonly size: number,
    /** Hears how many bytes are read, each time that the blob is. */
    readonly onRead: (bytes: number) => void = () => {},
  ) {
    super([]);
  }

  /** The same, which also tells somebody else of each piece. */
  heard(hear: () => void): LocalBlob {
    return new LocalBlob(this.path, this.offset, this.size, (bytes) => {
      hear();
      this.onRead(bytes);
    });
  }

  override stream(): ReturnType<Blob['stream']> {
    const pieces = this.#pieces();
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      async cancel() {
        await pieces.return();
      },
    });
  }

  async *#pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    const file = await open(this.path);
    try {
      for (let done = 0; done < this.size; ) {
        const piece = new Uint8Array(Math.min(PIECE, this.size - done));
        const { bytesRead } = await file.read(piece, 0, piece.length, this.offset + done);
        if (bytesRead === 0) {
          throw new Error(`${this.path} became shorter while it was sent`);
        }
        done += bytesRead;
        this.onRead(done);
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
}
