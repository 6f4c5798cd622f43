import { InvalidArgumentError } from 'commander';

/** The argument of an option that takes a number, in decimal. @throws InvalidArgumentError, of which commander makes a sentence. */
export function number(text: string): number {
  if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) {
    throw new InvalidArgumentError('It is no number.');
  }
  return Number(text);
}
