import { basename, dirname } from 'node:path';
import { SourceError, UsageError } from '../errors.js';
import type { ByteSource } from '../gguf/byte-source.js';
import { MAX_GGUF_PARTS } from '../limits.js';
import { parseFileType } from '../quantize/file-types.js';
import { ggufFiles, shownFiles, sourceOf } from '../repo/file-names.js';
import { openFolder, openFolderFiles } from '../repo/folder.js';
import { endpointOf, type OpenOptions, openNamed, RevisionOfFolderError } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import { type HubSource, type LocalSource, resolveSource } from '../repo/source-name.js';

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

const CHECK_PATH = 'Check the path; a file on the Hub is named as org/model:file.gguf.';

/** `NAME-00002-of-00005.gguf`. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/s;

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
 * @param source a path, or a file on the Hub by any of its names (see `resolveSource`), such as `org/model:file.gguf` or,
 * where a repository has one of that type, `org/model:Q4_K_M`; a path that exists wins.
 * @throws NotAGgufSourceError, GgufNotFoundError, MissingPartError, and what opening a repository throws.
 */
export async function locateGguf(source: string, options: OpenOptions = {}): Promise<GgufLocation> {
  refusePiece(source);
  return locateAll(source, partNames, options);
}

/** Finds a file of any kind that lies where a GGUF file may. @throws as `locateGguf` */
export async function locateFile(source: string, options: OpenOptions = {}): Promise<{ repo: Repo; path: string }> {
  const found = await resolveSource(source, endpointOf(options));
  if (found.at === 'hub' && found.file === undefined) {
    throw new GgufNotFoundError(`${source} does not exist.`, CHECK_PATH);
  }
  return locateGgufFile(source, options);
}

/** Finds one GGUF file alone, be it a part or not. @throws as `locateGguf` */
export async function locateGgufFile(source: string, options: OpenOptions = {}): Promise<{ repo: Repo; path: string }> {
  const { repo, paths } = await locateAll(source, (path) => [path], options);
  return { repo, path: paths[0] as string };
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

/** @throws GgufNotFoundError for a path where there is nothing. */
export async function refuseMissing(source: string, options: OpenOptions = {}): Promise<void> {
  const found = await resolveSource(source, endpointOf(options));
  if (found.at === 'path' && found.kind === 'nothing') {
    throw missingFile(source, found.path);
  }
}

async function locateAll(
  source: string,
  parts: (path: string) => string[],
  options: OpenOptions,
): Promise<GgufLocation> {
  const found = await resolveSource(source, endpointOf(options));
  if (found.at === 'path') {
    return locateLocal(source, found, parts, options);
  }
  if (found.file === undefined && !found.repo.includes('/')) {
    throw new NotAGgufSourceError(`"${source}" is no GGUF file.`, CHECK_PATH);
  }
  const repo = await openNamed(source, found, options);
  const list = (await repo.list()).map(({ path }) => path);
  const file = found.file === undefined || list.includes(found.file) ? found.file : ofType(list, found.file);
  if (file === undefined) {
    throw notNamed(repo, found, list);
  }
  return complete({ repo, paths: parts(file) }, list, source);
}

async function locateLocal(
  source: string,
  { path, kind }: LocalSource,
  parts: (path: string) => string[],
  { revision, verify }: OpenOptions,
): Promise<GgufLocation> {
  if (revision) {
    throw new RevisionOfFolderError(path);
  }
  if (kind === 'folder') {
    const repo = await openFolder(path);
    const files = (await repo.list()).map((file) => file.path);
    throw new NotAGgufSourceError(`${path} is not a file, but a folder.`, nameOne(repo, files));
  }
  const paths = parts(basename(path));
  const repo = await openFolderFiles(dirname(path), paths, verify);
  const list = (await repo.list()).map((file) => file.path);
  if (!paths.some((name) => list.includes(name))) {
    throw missingFile(source, path);
  }
  return complete({ repo, paths }, list, path);
}

/** @param path the file's path, which differs from the source for `folder:file`. */
function missingFile(source: string, path: string): GgufNotFoundError {
  const what = path === source ? `${path} does not exist` : `${dirname(path)} has no file ${basename(path)}`;
  return new GgufNotFoundError(`${what}.`, CHECK_PATH);
}

/** @throws MissingPartError */
function complete(location: GgufLocation, list: readonly string[], source: string): GgufLocation {
  const { paths } = location;
  const missing = paths.filter((path) => !list.includes(path));
  if (missing.length > 0) {
    throw new MissingPartError(
      `Of the ${paths.length} parts of ${source}, ${missing.length} ${missing.length === 1 ? 'is' : 'are'} missing: ${missing.slice(0, 3).join(', ')}.`,
      'Get all parts of the split file first.',
    );
  }
  return location;
}

/** The one GGUF file that has a type's name in its own; undefined where there is none, or several. */
function ofType(list: readonly string[], tag: string): string | undefined {
  const type = parseFileType(tag) ?? tag.toUpperCase();
  const found = ggufFiles(list).filter((path) => {
    const words = path.replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '').split(/[-./]/);
    return !/mmproj/i.test(path) && words.some((word) => word.toUpperCase() === type);
  });
  return found.length === 1 ? found[0] : undefined;
}

function notNamed(repo: Repo, { file }: HubSource, list: readonly string[]): GgufNotFoundError | NotAGgufSourceError {
  return file === undefined
    ? new NotAGgufSourceError(`${repo.id} is a repository, and a GGUF file of it is meant.`, nameOne(repo, list))
    : new GgufNotFoundError(`${repo.id} has no file ${file}.`, nameOne(repo, list));
}

/** The advice to name one of the repository's GGUF files. */
function nameOne(repo: Repo, list: readonly string[]): string {
  const files = ggufFiles(list);
  return files.length > 0
    ? `Name one of its GGUF files: ${shownFiles(files.map((file) => sourceOf(repo, file)))}.`
    : `It has no GGUF files; \`hf2gguf ${repo.id}\` converts a model.`;
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
