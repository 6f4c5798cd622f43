import { existsSync } from 'node:fs';
import { UsageError } from '../errors.js';
import { didYouMean, nearNames } from '../options/near-names.js';
import { FILE_TYPES, type FileType, parseFileType, parseFileTypes } from '../quantize/file-types.js';

/** A first word that is no source, but perhaps a command. */
export class UnknownCommandError extends UsageError {}
export class TooManyWordsError extends UsageError {}

/** The sub-commands, which a first word may have been meant for. */
export const COMMANDS: string[] = [];

/**
 * Refuses a first word that is likelier a misspelt command than a name on the Hub.
 * @param words what follows it.
 * @throws UnknownCommandError, UnknownTypeError, TooManyWordsError
 */
export function refuseMisspelt(source: string, words: readonly string[]): void {
  const stray = words.filter((word) => !isTypes(word));
  const isWord = /^[a-z-]+$/i.test(source) && !existsSync(source);
  if (isWord && (stray.length > 0 || nearNames(source, COMMANDS).length > 0)) {
    throw new UnknownCommandError(
      `There is no command ${source}.`,
      didYouMean(source, COMMANDS, 'hf2gguf --help lists the commands.'),
    );
  }
  if (stray.length > 0) {
    refuseNearTypes(stray);
    throw new TooManyWordsError(
      `There ${stray.length === 1 ? 'is a word' : `are ${stray.length} words`} too many: ${stray.join(' ')}.`,
      'Give one source, and after it options and types such as q4_k_m; hf2gguf types lists them.',
    );
  }
}

/** Refuses words that are misspelt types, rather than paths. @throws UnknownTypeError */
export function refuseNearTypes(words: readonly string[]): void {
  const types = Object.keys(FILE_TYPES);
  parseFileTypes(words.filter((word) => !/[./\\]/.test(word) && nearNames(word, types).length > 0).slice(0, 1));
}

/** The types of an option and of words after it, as when a list has spaces at its commas. */
export function typesOf(option: readonly string[] = [], words: readonly string[] = []): FileType[] | undefined {
  if (words.length === 0) {
    return option.length > 0 ? parseFileTypes(option) : undefined;
  }
  return parseFileTypes(
    [...option, ...words].map((list) => list.replace(/^,+|,+$/g, '')).filter((list) => list !== ''),
  );
}

/** `q8_0`, `q4_k_m,q8_0`, `q8_0,`. */
export function isTypes(word: string): boolean {
  return word.split(',').every((name) => name === '' || parseFileType(name) !== undefined);
}
