/** What tensors and keys are called in messages. */
export interface Names {
  tensor(name: string): string;
  key(key: string): string;
  /** @param ne a row's length first. */
  shape(ne: readonly number[]): string;
  /** What to do where the file contradicts itself: a sentence. */
  readonly next: string;
}

/** Those of a GGUF file. */
export const GGUF_NAMES: Names = {
  tensor: (name) => name,
  key: (key) => key,
  shape: (ne) => ne.join(' × '),
  next: 'Get the whole file, convert the model again, or correct keys with hf2gguf edit.',
};
