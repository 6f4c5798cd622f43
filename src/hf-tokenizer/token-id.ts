import type { Json } from '../json.js';
import { MAX_VOCABULARY } from '../limits.js';
import { InvalidTokenIdError } from './errors.js';

/** Checks a token's id. @throws InvalidTokenIdError */
export function tokenId(id: Json | undefined, file: string, key: string): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_VOCABULARY) {
    throw new InvalidTokenIdError(file, key, id ?? null);
  }
  return id;
}
