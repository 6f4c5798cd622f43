import type { KeyValues } from '../gguf/key-values.js';
import type { Scalar, ScalarType } from '../gguf/types.js';
import { MalformedVocabularyError } from './errors.js';

/** Reads key-values and checks that they have the type that llama.cpp needs. A missing key gives undefined. */
export class Fields {
  constructor(readonly kv: KeyValues) {}

  string(key: string): string | undefined {
    return this.#scalar(key, 'string') as string | undefined;
  }

  bool(key: string): boolean | undefined {
    return this.#scalar(key, 'bool') as boolean | undefined;
  }

  u32(key: string): number | undefined {
    return this.#scalar(key, 'u32') as number | undefined;
  }

  strings(key: string): ArrayLike<string> | undefined {
    return this.#array(key, ['string']) as ArrayLike<string> | undefined;
  }

  numbers(key: string, types: readonly ScalarType[]): ArrayLike<number> | undefined {
    return this.#array(key, types) as ArrayLike<number> | undefined;
  }

  #scalar(key: string, type: ScalarType): Scalar | undefined {
    const found = this.kv.get(key);
    if (found !== undefined && found.type !== type) {
      throw new MalformedVocabularyError(`${key} is of type ${found.type}, not ${type}`);
    }
    return found?.value as Scalar | undefined;
  }

  #array(key: string, types: readonly ScalarType[]): ArrayLike<Scalar> | undefined {
    const found = this.kv.get(key);
    if (found !== undefined && (found.type !== 'array' || !types.includes(found.of))) {
      throw new MalformedVocabularyError(`${key} is no array of ${types.join(' or ')}`);
    }
    return found?.value as ArrayLike<Scalar> | undefined;
  }
}
