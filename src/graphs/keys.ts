import { SourceError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import { MAX_BLOCKS } from '../limits.js';

/** A key-value that the graph needs is missing or has a wrong value. */
export class GraphKeyError extends SourceError {}

/**
 * Reads the `<architecture>.*` key-values of a model. A missing key is an error unless there is a fallback.
 * @throws GraphKeyError
 */
export class ArchitectureKeys {
  readonly architecture: string;

  constructor(readonly kv: KeyValues) {
    this.architecture = String(kv.get('general.architecture')?.value ?? '');
  }

  /** Reads a whole number from 1 on. */
  count(key: string, fallback?: number): number {
    const value = this.#value(key) ?? fallback;
    const count = typeof value === 'bigint' ? Number(value) : value;
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
      throw this.#wrong(key, value, 'a whole number from 1 on');
    }
    return count;
  }

  /** Reads a whole number from 0 on; 0 if the key is missing. */
  countOrNone(key: string): number {
    return (this.#value(key) ?? 0) === 0 ? 0 : this.count(key);
  }

  /** Reads a float32, which is the type in the file. */
  number(key: string, fallback?: number): number {
    const value = this.#value(key) ?? fallback;
    const number = typeof value === 'number' ? Math.fround(value) : Number.NaN;
    if (!Number.isFinite(number)) {
      throw this.#wrong(key, value, 'a number');
    }
    return number;
  }

  text(key: string, fallback: string): string {
    return String(this.#value(key) ?? fallback);
  }

  isFalse(key: string): boolean {
    return this.#value(key) === false;
  }

  has(key: string): boolean {
    return this.kv.has(`${this.architecture}.${key}`);
  }

  /** The length of the list under a key; 0 if there is none. */
  listLength(key: string): number {
    const list = this.kv.get(`${this.architecture}.${key}`);
    return list?.type === 'array' ? list.value.length : 0;
  }

  /** The number of tokens in the vocabulary. */
  get tokens(): number {
    const tokens = this.kv.get('tokenizer.ggml.tokens');
    return tokens?.type === 'array' ? tokens.value.length : this.countOrNone('vocab_size');
  }

  /** The value of a key. For a list with a value for each block, the value if all are equal. */
  #value(key: string): unknown {
    const found = this.kv.get(`${this.architecture}.${key}`);
    if (found?.type !== 'array' || found.value.length > MAX_BLOCKS) {
      return found?.value;
    }
    const values = new Set(Array.from(found.value));
    return values.size === 1 ? [...values][0] : found.value;
  }

  #wrong(key: string, value: unknown, wanted: string): GraphKeyError {
    const name = `${this.architecture}.${key}`;
    const what = value === undefined ? `There is no key ${name}` : `The key ${name} is ${shown(value)}`;
    return new GraphKeyError(`${what}, where ${wanted} belongs.`, 'Convert the model again.');
  }
}

function shown(value: unknown): string {
  return typeof value === 'object' ? 'a list' : String(value).slice(0, 60);
}

/** The largest count. llama.cpp keeps counts in 32 bits. */
const MAX_COUNT = 2 ** 31 - 1;
