import { UsageError } from '../errors.js';

/** An option without its value, as when a shell's variable is not set. */
export class EmptyOptionError extends UsageError {}

/** Parameters for which an empty text means something. */
const MAY_BE_EMPTY = ['token', 'endpoint', 'prompt', 'system'];

/** A parameter's name on the command line. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  source: 'The source',
  output: '--out',
  quant: 'The type to quantize to',
  a: 'The first file',
  b: 'The second file',
};

/** `tensorTypeFile` as `--tensor-type-file`. */
export function optionName(parameter: string): string {
  return OTHER_NAMES[parameter] ?? `--${parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** @throws EmptyOptionError */
export function refuseEmpty(params: object): void {
  for (const [name, value] of Object.entries(params)) {
    const isEmpty = Array.isArray(value) ? value.includes('') : value === '';
    if (isEmpty && !MAY_BE_EMPTY.includes(name)) {
      throw new EmptyOptionError(`${optionName(name)} is empty.`, 'Give a value, or leave it out.');
    }
  }
}
