import type { SizedFile } from '../output/write-error.js';

/** Where the bytes of the planned files go. Bytes of a file that are never written are zero. */
export interface Sink {
  /** The files, with the names that errors use. */
  readonly outputs: readonly SizedFile[];
  /**
   * The files' descriptors once they are open, if workers can write to them. Without it everything goes through
   * `write`.
   */
  readonly fds?: readonly number[];
  /** Creates the files and writes their headers. */
  open(): Promise<void>;
  /** Writes bytes into one of the files. When it resolves, the memory of `bytes` may be used again. */
  write(file: number, bytes: Uint8Array, position: number): Promise<void>;
  /**
   * What an earlier run of the same plan left: for each wanted tensor, by its number, how many of its first rows are there.
   * Known once the files are open.
   */
  readonly done?: ReadonlyMap<number, number>;
  /**
   * Called after workers wrote to the descriptors, so that the sink can flush early.
   * @param written for wanted tensors, by their number: how many of their first rows are written by now.
   */
  flushBehind(written: ReadonlyMap<number, number>): void;
  /** Completes the files. @returns for each file whether it replaced another */
  finish(): Promise<boolean[]>;
  /** Ends the work, and keeps what another run can go on with. @returns the files that are kept; none if `discard` has to follow */
  keep?(): Promise<string[]>;
  /** Removes all files that are not complete. */
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
