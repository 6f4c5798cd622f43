import { basename, dirname } from 'node:path';
import { SourceError, UsageError } from './errors.js';
import type { ByteSource } from './gguf/byte-source.js';
import { MAX_GGUF_PARTS } from './limits.js';
import { openFolderFiles, statOrNull } from './repo/folder.js';
import { type OpenOptions, openRepo } from './repo/open.js';
import type { Repo } from './repo/repo.js';

export class NotAGgufSourceError extends UsageError {}
export class GgufNotFoundError extends SourceError {}
export class MissingPartError extends SourceError {}
/** A piece of a GGUF file's bytes, which is no GGUF file of its own. */
export class RawPieceError extends SourceError {}

/** A GGUF file, or all parts of a split one, in a repository or a folder. */
export interface GgufLocation {
  readonly repo: Repo;
  /** In the order of the parts; one for a file that is not split. */
  readonly paths: readonly string[];
}

/** `NAME-00002-of-00005.gguf`. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

export function isPartName(path: string): boolean {
  return PART.test(path);
}

/** A part's name as llama-gguf-split writes it; `number` counts from 0. */
export function partName(prefix: string, number: number, count: number): string {
  const digits = (value: number) => String(value).padStart(5, '0');
  return `${prefix}-${digits(number + 1)}-of-${digits(count)}.gguf`;
}

/** The same for the whole file's name, which may end in `.gguf`. */
export function partOf(name: string, number: number, count: number): string {
  return partName(name.replace(/\.gguf$/i, ''), number, count);
}

/**
 * Finds a GGUF file and, where its name is that of a part, the other parts beside it.
 * @param source a path, or `org/model[@revision]:path/in/the/repository.gguf`; a path that exists wins.
 * @throws NotAGgufSourceError, GgufNotFoundError, MissingPartError, and what opening a repository throws.
 */
export async function locateGguf(source: string, options: OpenOptions = {}): Promise<GgufLocation> {
  await checkName(source);
  return locateAll(source, await splitHubName(source), partNames, options);
}

/** Finds one file alone, be it a part or not. @throws as `locateGguf` */
export async function locateGgufFile(source: string, options: OpenOptions = {}): Promise<{ repo: Repo; path: string }> {
  await checkName(source);
  return locateFile(source, options);
}

/** Finds a file of any kind, in the same places. */
export async function locateFile(source: string, options: OpenOptions = {}): Promise<{ repo: Repo; path: string }> {
  const { repo, paths } = await locateAll(source, await splitHubName(source), (path) => [path], options);
  return { repo, path: paths[0] as string };
}

interface HubName {
  readonly repo: string;
  readonly path: string;
}

async function splitHubName(source: string): Promise<HubName | undefined> {
  const { repo, path } = /^(?<repo>[^:]{2,}):(?<path>.+)$/.exec(source)?.groups ?? {};
  return repo && path && !(await statOrNull(source, source)) ? { repo, path } : undefined;
}

/** `x.gguf.part1of2`, `x.gguf-split-a`, `x.gguf.001`: what `split` of Unix, or a person, cuts a file into. */
const RAW_PIECE = /^(?<whole>.*\.gguf)[.-](?<piece>(?<word>part|split)?[._-]?(?<number>\w+?)(?:of(?<count>\d+))?)$/i;

/** @throws RawPieceError */
function refusePiece(source: string): void {
  const { whole = '', piece = '', word = '', number = '', count } = RAW_PIECE.exec(source)?.groups ?? {};
  if (whole === '' || !(word !== '' || /^\d{2,3}$/.test(number))) {
    return;
  }
  const before = source.slice(0, source.length - piece.length);
  const parts = Number(count ?? 0);
  const pieces =
    parts > 0 && parts <= MAX_SHOWN_PIECES
      ? Array.from({ length: parts }, (_, i) => before + piece.replace(/\d+(?=of)/i, String(i + 1)))
      : [`${before}${word}*`];
  throw new RawPieceError(
    `${source} is a piece of a GGUF file that was cut by its bytes.`,
    `Join all pieces first: cat ${pieces.join(' ')} > ${whole}`,
  );
}

const MAX_SHOWN_PIECES = 10;

async function checkName(source: string): Promise<void> {
  refusePiece(source);
  if (!/[/\\]|\.gguf$/i.test(source) && !(await isFile(source))) {
    throw new NotAGgufSourceError(
      `"${source}" is no GGUF file.`,
      'Give a path, or a file in a repository as org/model:file.gguf.',
    );
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await statOrNull(path, path))?.isFile() ?? false;
}

async function locateAll(
  source: string,
  remote: HubName | undefined,
  parts: (path: string) => string[],
  options: OpenOptions,
): Promise<GgufLocation> {
  const paths = parts(remote ? remote.path : basename(source));
  const repo = remote ? await openRepo(remote.repo, options) : await openFolderFiles(dirname(source), paths);
  const found = new Set((await repo.list()).map((file) => file.path));
  const missing = paths.filter((path) => !found.has(path));
  if (missing.length === paths.length) {
    throw await notFound(source, remote);
  }
  if (missing.length > 0) {
    throw new MissingPartError(
      `Of the ${paths.length} parts of ${source}, ${missing.length} are missing: ${missing.slice(0, 3).join(', ')}.`,
      'Get all parts of the split file first.',
    );
  }
  return { repo, paths };
}

/** Of a part's name those of all parts, in their order; else the name itself. @throws NotAGgufSourceError */
export function partNames(path: string): string[] {
  const [, prefix, , digits] = PART.exec(path) ?? [];
  const count = Number(digits);
  if (prefix === undefined || count === 0) {
    return [path];
  }
  if (count > MAX_GGUF_PARTS) {
    throw new NotAGgufSourceError(
      `${path} would be one of ${count} parts, more than ${MAX_GGUF_PARTS}.`,
      'Check the name of the file.',
    );
  }
  return Array.from({ length: count }, (_, number) => partName(prefix, number, count));
}

async function notFound(source: string, remote: HubName | undefined): Promise<GgufNotFoundError> {
  if (remote) {
    return new GgufNotFoundError(`${remote.repo} has no file ${remote.path}.`, 'Look it up in the list of its files.');
  }
  const what = (await statOrNull(source, source)) ? 'is not a file' : 'does not exist';
  return new GgufNotFoundError(`${source} ${what}.`, 'Check the path and its permissions.');
}

/** A repository's file as a source of bytes, for reading its header. `name` is for messages. */
export async function byteSource(repo: Repo, path: string, name = path): Promise<ByteSource> {
  const file = (await repo.list()).find((entry) => entry.path === path);
  if (!file) {
    throw new GgufNotFoundError(`${repo.id} has no file ${path}.`, 'Look it up in the list of its files.');
  }
  return {
    name,
    size: file.size,
    read: (offset, length, signal) => repo.read(path, offset, length, signal),
    close: async () => {},
  };
}
