import { InvalidArgumentError } from 'commander';

/** The argument of an option that takes a number, in decimal. @throws InvalidArgumentError, of which commander makes a sentence. */
export function parseNumber(text: string): number {
  if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) {
    throw new InvalidArgumentError('It is no number.');
  }
  return Number(text);
}

/** The same for one that takes several, separated by commas or each on its own. */
export function numbers(text: string, before: readonly number[] = []): number[] {
  return [...before, ...text.split(',').map(parseNumber)];
}
