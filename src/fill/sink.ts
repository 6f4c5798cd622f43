import type { SizedFile } from '../output/write-error.js';

/** Where the bytes of planned files go. A file's bytes that nobody writes are zero. */
export interface Sink {
  /** The files, as errors name them. */
  readonly outputs: readonly SizedFile[];
  /** Descriptors of the files, once they are open, where workers can write to them; else all goes through `write`. */
  readonly fds?: readonly number[];
  /** Makes the files, with their headers. */
  open(): Promise<void>;
  /** Writes all bytes into one of the files, before it returns the memory that they are in. */
  write(file: number, bytes: Uint8Array, position: number): Promise<void>;
  /** Takes note that something was written. */
  flushBehind(): void;
  /** Ends the files. @returns whether each took the place of another. */
  finish(): Promise<boolean[]>;
  /** Leaves nothing of files that are not finished. */
  discard(): Promise<void>;
}

/** Files in memory. */
export class MemoryFiles implements Sink {
  /** The files' bytes, once they are open. */
  readonly files: Uint8Array[] = [];

  constructor(readonly outputs: readonly (SizedFile & { readonly header: Uint8Array })[]) {}

  async open(): Promise<void> {
    for (const { header, size } of this.outputs) {
      const file = new Uint8Array(size);
      file.set(header);
      this.files.push(file);
    }
  }

  async write(file: number, bytes: Uint8Array, position: number): Promise<void> {
    this.files[file]?.set(bytes, position);
  }

  flushBehind(): void {}

  async finish(): Promise<boolean[]> {
    return this.files.map(() => false);
  }

  async discard(): Promise<void> {
    this.files.splice(0);
  }
}
