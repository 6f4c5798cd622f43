import type { GgufValue } from '../gguf/types.js';

/** A key whose value is another in one place than in the other; null where it is missing. */
export interface KeyChange {
  readonly key: string;
  readonly from: GgufValue | null;
  readonly to: GgufValue | null;
}

type Entries = Iterable<readonly [string, GgufValue]>;

/** In the order of the old keys, then that of the new ones. */
export function keyChanges(before: Entries, after: Entries): KeyChange[] {
  const [old, now] = [new Map(before), new Map(after)];
  const keys = new Set([...old.keys(), ...now.keys()]);
  return [...keys].flatMap((key) => {
    const [from, to] = [old.get(key) ?? null, now.get(key) ?? null];
    return from && to && isSame(from, to) ? [] : [{ key, from, to }];
  });
}

/** Of the same type, to the bit; NaN is itself. */
function isSame(a: GgufValue, b: GgufValue): boolean {
  if (a.type !== 'array' || b.type !== 'array') {
    return a.type === b.type && Object.is(a.value, b.value);
  }
  if (a.of !== b.of || a.value.length !== b.value.length) {
    return false;
  }
  for (let i = 0; i < a.value.length; i++) {
    if (!Object.is(a.value[i], b.value[i])) {
      return false;
    }
  }
  return true;
}
