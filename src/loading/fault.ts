/** What is wrong with a file. */
export interface Fault {
  /** llama.cpp v0.5.0 does not load the file, or cannot run it; else it is doubtful alone. */
  readonly certain: boolean;
  /** What is so, and where: a sentence. */
  readonly what: string;
  /** What can be done about it: a sentence. */
  readonly next: string;
}
