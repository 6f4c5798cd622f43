import { derive, type Known } from '../config/derivations.js';
import type { Condition } from './architecture.js';

/** @throws ConfigFieldError where a derivation does */
export function holds(condition: Condition | undefined, known: Known): boolean {
  if (condition === undefined) {
    return true;
  }
  if ('all' in condition) {
    return condition.all.every((part) => holds(part, known));
  }
  if ('probe' in condition) {
    return known.probes?.get(condition.probe) === condition.is;
  }
  if ('exists' in condition) {
    return (known.config.hparams[condition.field] !== undefined) === condition.exists;
  }
  const value = 'derive' in condition ? derive(condition.derive, known) : known.config.hparams[condition.field];
  return [condition.is].flat().some((wanted) => wanted === value);
}
