import type { Command } from 'commander';
import { UsageError } from '../errors.js';

/** An option that takes one value, given twice. */
export class GivenTwiceError extends UsageError {}

/** Collects the values of an option that may be given several times. */
export function append(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Refuses options that take one value and are given again: the first would be lost. */
export function refuseRepeated(command: Command): void {
  for (const option of command.options) {
    if (option.isBoolean() || option.parseArg === append) {
      continue;
    }
    let count = 0;
    command.on(`option:${option.name()}`, () => {
      if (++count > 1) {
        throw new GivenTwiceError(`${option.long ?? option.short} is given twice.`, 'Give it once.');
      }
    });
  }
}
