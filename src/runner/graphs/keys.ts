import { SourceError } from '../../errors.js';
import type { KeyValues } from '../../gguf/key-values.js';

/** A key-value that the graph needs is missing, or is not what belongs there. */
export class GraphKeyError extends SourceError {}

/** The `<architecture>.*` key-values of a model. Missing keys are errors where no fallback is given. */
export class ArchitectureKeys {
  readonly architecture: string;

  constructor(readonly kv: KeyValues) {
    this.architecture = String(kv.get('general.architecture')?.value ?? '');
  }

  /** A whole number from 1 on. */
  count(key: string, fallback?: number): number {
    const value = this.#value(key) ?? fallback;
    const count = typeof value === 'bigint' ? Number(value) : value;
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
      throw this.#wrong(key, value, 'a whole number from 1 on');
    }
    return count;
  }

  /** As a float32, which is how the file has it. */
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

  #value(key: string): unknown {
    return this.kv.get(`${this.architecture}.${key}`)?.value;
  }

  #wrong(key: string, value: unknown, wanted: string): GraphKeyError {
    const name = `${this.architecture}.${key}`;
    const what = value === undefined ? `There is no key ${name}` : `The key ${name} is ${String(value).slice(0, 60)}`;
    return new GraphKeyError(`${what}, where ${wanted} belongs.`, 'Convert the model again.');
  }
}

/** llama.cpp keeps them in 32 bits. */
const MAX_COUNT = 2 ** 31 - 1;
