import type { KeyValues } from '../gguf/key-values.js';
import { findKnownKey, KNOWN_KEYS } from '../gguf/known-keys.js';
import { editDistance } from '../options/near-names.js';

/** Changes of a letter that still look like a slip. */
const MAX_DISTANCE = 2;

/**
 * The key that a new one was probably meant to be: of the file's own and the known ones.
 * @returns undefined where the key is known, or like none.
 */
export function nearKey(key: string, kv: KeyValues): string | undefined {
  const architecture = String(kv.get('general.architecture')?.value ?? '');
  if (kv.has(key) || findKnownKey(key, architecture)) {
    return undefined;
  }
  const known = KNOWN_KEYS.map((row) => row.key.replace('{arch}', architecture));
  const candidates = [...[...kv.entries()].map(([own]) => own), ...known];
  const near = candidates
    .filter((candidate) => Math.abs(candidate.length - key.length) <= MAX_DISTANCE)
    .map((candidate) => ({ candidate, distance: editDistance(candidate, key) }))
    .filter(({ distance }) => distance <= MAX_DISTANCE)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
}
