import { UsageError } from '../errors.js';

/**
 * Of an option that may have been left out.
 * @param name as the command line has it.
 * @throws UsageError
 */
export function checkNumber(
  name: string,
  value: number | undefined,
  { least, whole = true }: { readonly least: number; readonly whole?: boolean },
): void {
  if (value !== undefined && !(value >= least && Number.isFinite(value) && (!whole || Number.isSafeInteger(value)))) {
    throw new UsageError(
      `${name} is ${value}, which is no ${whole ? 'whole ' : ''}number from ${least} on.`,
      'Leave it out for the default.',
    );
  }
}
