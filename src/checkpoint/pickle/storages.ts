import { PickledTensorError } from './errors.js';
import type { FindStorage } from './unpickle.js';
import { is, isCount, type PickleStorage, type PickleValue, type WholeStorage } from './values.js';

/**
 * The storages that a pickle names by persistent ids: `('storage', class, key, device, elements)`. Files of the first
 * format add None, or what part of the storage is meant: `(key of the part, offset, elements)`.
 */
export class Storages {
  readonly #whole = new Map<string, WholeStorage>();

  /** @param file its path, for messages */
  constructor(readonly file: string) {}

  all(): readonly WholeStorage[] {
    return [...this.#whole.values()];
  }

  get(key: string): WholeStorage | undefined {
    return this.#whole.get(key);
  }

  /** @throws PickledTensorError where ids contradict each other */
  readonly find: FindStorage = ([what, type, key, , count, part = null]): PickleStorage | undefined => {
    const dtype = is(type, 'global') ? type.elements : undefined;
    if (what !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(count)) {
      return undefined;
    }
    const whole = this.#whole.get(key) ?? { key, dtype, count };
    if (whole.dtype !== dtype || whole.count !== count) {
      throw new PickledTensorError(`${this.file} describes its storage ${key} in two ways.`);
    }
    this.#whole.set(key, whole);
    return part === null ? { kind: 'storage', whole, offset: 0, count } : this.#part(whole, part);
  };

  #part(whole: WholeStorage, part: PickleValue): PickleStorage | undefined {
    const [, offset, count] = is(part, 'tuple') ? part.items : [];
    return isCount(offset) && isCount(count) && offset + count <= whole.count
      ? { kind: 'storage', whole, offset, count }
      : undefined;
  }
}
