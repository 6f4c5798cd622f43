import { InvalidArgumentError } from 'commander';

/** The argument of an option that takes a number. @throws InvalidArgumentError, of which commander makes a sentence. */
export function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError('It is no number.');
  }
  return value;
}
