import type { GgufValue, Scalar, ScalarType } from './types.js';

/** The key-values of a file in their order: a key set again keeps its first place and takes the last value. */
export class KeyValues {
  readonly #values = new Map<string, GgufValue>();

  set(key: string, value: GgufValue): this {
    this.#values.set(key, value);
    return this;
  }

  scalar(key: string, type: ScalarType, value: Scalar): this {
    return this.set(key, { type, value });
  }

  u32(key: string, value: number): this {
    return this.scalar(key, 'u32', value);
  }

  f32(key: string, value: number): this {
    return this.scalar(key, 'f32', value);
  }

  bool(key: string, value: boolean): this {
    return this.scalar(key, 'bool', value);
  }

  string(key: string, value: string): this {
    return this.scalar(key, 'string', value);
  }

  array(key: string, of: ScalarType, value: ArrayLike<Scalar>): this {
    return this.set(key, { type: 'array', of, value });
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): GgufValue | undefined {
    return this.#values.get(key);
  }

  delete(key: string): this {
    this.#values.delete(key);
    return this;
  }

  entries(): IterableIterator<[string, GgufValue]> {
    return this.#values.entries();
  }

  clone(): KeyValues {
    const copy = new KeyValues();
    for (const [key, value] of this.#values) {
      copy.set(key, value);
    }
    return copy;
  }

  get size(): number {
    return this.#values.size;
  }
}
