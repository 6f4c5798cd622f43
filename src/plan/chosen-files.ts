import { UsageError } from '../errors.js';
import type { PlannedFile } from '../layout/plan.js';

export interface ChoiceOptions {
  /**
   * Names of the files to make of all that the plan has, such as one part of a split model: runs on several machines share
   * the work, and each reads only what its files need. @default all
   */
  readonly only?: readonly string[];
}

/** A file is to be made that the plan does not have. */
export class NoSuchFileError extends UsageError {}

/** Names that an error lists at most. */
const MOST_LISTED = 8;

/** The files of a plan that are made. @throws NoSuchFileError */
export function chosenFiles(files: readonly PlannedFile[], { only }: ChoiceOptions): readonly PlannedFile[] {
  const names = files.map(({ name }) => name);
  const missing = only?.find((name) => !names.includes(name));
  if (missing !== undefined) {
    const more = names.length > MOST_LISTED ? `, and ${names.length - MOST_LISTED} more` : '';
    throw new NoSuchFileError(
      `None of the files that are made is called ${missing}.`,
      `They are ${names.slice(0, MOST_LISTED).join(', ')}${more}.`,
    );
  }
  return only ? files.filter(({ name }) => only.includes(name)) : files;
}
