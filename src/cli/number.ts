import { InvalidArgumentError } from 'commander';

/** The argument of an option that takes a number. @throws InvalidArgumentError, of which commander makes a sentence. */
export function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError('It is no number.');
  }
  return value;
}

/** The same for one that takes several, separated by commas or each on its own. */
export function numbers(text: string, before: readonly number[] = []): number[] {
  return [...before, ...text.split(',').map(number)];
}
