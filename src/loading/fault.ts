/** Something that is wrong with a file. */
export interface Fault {
  /** True if llama.cpp v0.5.0 cannot load or run the file; false if it may. */
  readonly certain: boolean;
  /** A sentence that tells what is wrong, and where. */
  readonly what: string;
  /** A sentence that tells what to do about it. */
  readonly next: string;
}
