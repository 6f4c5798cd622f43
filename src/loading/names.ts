/** How messages call tensors and keys: in the terms of a GGUF file, or of the checkpoint that it is made from. */
export interface Names {
  tensor(name: string): string;
  key(key: string): string;
  /** @param ne a row's length first. */
  shape(ne: readonly number[]): string;
  /** A sentence that tells what to do where the file contradicts itself. */
  readonly next: string;
}

/** The terms of a GGUF file. */
export const GGUF_NAMES: Names = {
  tensor: (name) => name,
  key: (key) => key,
  shape: (ne) => ne.join(' × '),
  next: 'Get the whole file, convert the model again, or correct keys with hf2gguf edit.',
};
