import { derive, type Known } from '../config/derivations.js';
import type { Condition } from './architecture.js';
import { rawValue } from './values.js';

/** @throws ConfigFieldError where a derivation or a value does */
export function holds(condition: Condition | undefined, known: Known): boolean {
  if (condition === undefined) {
    return true;
  }
  if ('all' in condition) {
    return condition.all.every((part) => holds(part, known));
  }
  if ('any' in condition) {
    return condition.any.some((part) => holds(part, known));
  }
  if ('not' in condition) {
    return !holds(condition.not, known);
  }
  if ('probe' in condition) {
    return known.probes?.get(condition.probe) === condition.is;
  }
  if ('exists' in condition) {
    return (known.config.hparams[condition.field] !== undefined) === condition.exists;
  }
  if ('set' in condition) {
    const value = rawValue(condition.set, known);
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  }
  if ('above' in condition) {
    const value = rawValue(condition.value, known);
    return typeof value === 'number' && value > condition.above;
  }
  const value =
    'derive' in condition
      ? derive(condition.derive, known)
      : 'value' in condition
        ? rawValue(condition.value, known)
        : known.config.hparams[condition.field];
  return [condition.is].flat().some((wanted) => wanted === value);
}
