import { lstat, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SourceError } from '../errors.js';
import { partOf } from '../gguf-files/locate.js';
import { fillTemplate } from '../metadata/file-name.js';
import { OutputNameError } from './place.js';

/** A file's name would lead out of the output folder. */
export class OutsideFolderError extends SourceError {}

/** A file that has no path yet. */
export interface NamedFile {
  readonly name: string;
  /** Which part of a split file it is, from 0, and of how many. */
  readonly part?: readonly [number: number, count: number];
  /** The file type's name; null for a vocabulary. */
  readonly type: string | null;
}

/**
 * Where files go: into `output` under their own names where it is a folder or can only mean one, else to `output` itself,
 * in which `{ftype}` stands for the file type, and to which parts have their numbers added. The default is the current
 * folder.
 * @throws OutputNameError, FileNameTemplateError, OutsideFolderError
 */
export async function outputPaths(output: string | undefined, files: readonly NamedFile[]): Promise<string[]> {
  const isSplit = files.some(({ part }) => part !== undefined);
  if (output === undefined || !(await namesFile(output, isSplit))) {
    return files.map(({ name }) => inFolder(output ?? '.', name));
  }
  const paths = files.map(({ type, part }) => {
    const path = fillTemplate(output.replace(/\{type\}/gi, '{ftype}'), type ?? 'vocab');
    return part ? partOf(path, ...part) : path;
  });
  checkDistinct(output, paths);
  return paths;
}

/** @param paths that the output's name gives. @throws OutputNameError where two are the same */
export function checkDistinct(output: string, paths: readonly string[]): void {
  if (new Set(paths).size < paths.length) {
    throw new OutputNameError(
      `--out ${output} gives ${paths.length} files one name.`,
      'Give a folder, or put {ftype} into the name.',
    );
  }
}

/**
 * The output's path, where it is known before its files are; else null.
 * @param isPrefix whether names of parts begin with it.
 * @throws OutputNameError
 */
export async function knownPath(output: string | undefined, isPrefix: boolean): Promise<string | null> {
  if (output === undefined || !(await namesFile(output, isPrefix)) || isPrefix || /[{}]/.test(output)) {
    return null;
  }
  return output;
}

/**
 * Whether a name is a file's. What doesn't exist is one if it ends in .gguf or has a field for the type; of a split
 * file's parts it is what their names begin with.
 * @throws OutputNameError
 */
async function namesFile(output: string, isSplit: boolean): Promise<boolean> {
  if (output === '') {
    throw new OutputNameError('--out is empty.', 'Name a file or a folder, or leave it out.');
  }
  if (/[/\\]$/.test(output) || (await stat(output).catch(() => null))?.isDirectory()) {
    return false;
  }
  return isSplit || /\.gguf$|[{}]/i.test(output) || (await lstat(output).catch(() => null)) !== null;
}

function inFolder(folder: string, name: string): string {
  const path = join(folder, name);
  if (dirname(resolve(path)) !== resolve(folder)) {
    throw new OutsideFolderError(
      `${JSON.stringify(name)} would be no file in ${folder}.`,
      'Name the file with --out FILE.gguf.',
    );
  }
  return path;
}
