import { beginning } from '../../json.js';
import { MAX_ZIP_DIRECTORY_BYTES, MAX_ZIP_ENTRIES } from '../../limits.js';
import type { Repo, RepoFile } from '../../repo/repo.js';
import { MalformedZipError, PickleLimitError } from './errors.js';
import { readRuns } from './read-runs.js';

/**
 * Zip archives of which entries are read where they lie. Format: APPNOTE.TXT of PKWARE, 4.3 (records) and 4.5.3 (zip64).
 * The names and sizes are the central directory's; a local header has an extra field of its own, in front of the data.
 */

export interface ZipEntry {
  readonly name: string;
  /** Whether its bytes are in the archive as they are, neither compressed nor encrypted. */
  readonly isStored: boolean;
  /** Bytes, and those that it takes in the archive. */
  readonly size: number;
  readonly packed: number;
  /** Of its local header. */
  readonly header: number;
  /** Where the next entry begins, or the directory. */
  readonly limit: number;
}

export interface Zip {
  readonly file: RepoFile;
  readonly entries: ReadonlyMap<string, ZipEntry>;
}

const SIGNATURES = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
const [LOCAL_BYTES, ENTRY_BYTES, END_BYTES, END64_BYTES, LOCATOR_BYTES] = [30, 46, 22, 56, 20];
const MAX_COMMENT = 0xffff;
/** What fields of the first format say where zip64 has the number. */
const [IN_ZIP64, IN_ZIP64_SHORT] = [0xffffffff, 0xffff];

/** Reads an archive's directory. @throws MalformedZipError, PickleLimitError */
export async function openZip(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<Zip> {
  const { offset, bytes, count } = await findDirectory(repo, file, signal);
  if (bytes > MAX_ZIP_DIRECTORY_BYTES || count > MAX_ZIP_ENTRIES) {
    throw new PickleLimitError(`${file.path} has a directory of ${count} entries in ${bytes} bytes.`);
  }
  const directory = Buffer.from(await repo.read(file.path, offset, bytes, signal));
  const entries: Omit<ZipEntry, 'limit'>[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { entry, end } = readEntry(directory, at, file);
    entries.push(entry);
    at = end;
  }
  if (at !== bytes) {
    fail(file, `its directory has ${bytes - at} bytes behind its last entry`);
  }
  return { file, entries: withLimits(entries, offset, file) };
}

/** Where the bytes of entries begin in the file, by name. @throws MalformedZipError where a local header is another's */
export async function locateEntries(
  repo: Repo,
  file: RepoFile,
  entries: readonly ZipEntry[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const places = new Map<string, number>();
  const runs = entries.map((entry) => {
    return { entry, offset: entry.header, length: LOCAL_BYTES + Buffer.byteLength(entry.name) };
  });
  await readRuns(repo, file.path, runs, signal, ({ entry, offset, length }, bytes) => {
    const isOwn = bytes.readUInt32LE(0) === SIGNATURES.local && bytes.readUInt16LE(26) === length - LOCAL_BYTES;
    const name = bytes.toString('utf8', LOCAL_BYTES);
    const start = offset + length + bytes.readUInt16LE(28);
    if (!isOwn || name !== entry.name || start + entry.size > entry.limit) {
      fail(file, `its entry ${shown(entry.name)} is not where its directory says`);
    }
    places.set(entry.name, start);
  });
  return places;
}

function fail(file: RepoFile, problem: string): never {
  throw new MalformedZipError(`${file.path} is no valid zip archive: ${problem}.`);
}

interface Directory {
  readonly offset: number;
  readonly bytes: number;
  readonly count: number;
}

async function findDirectory(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<Directory> {
  const tailStart = Math.max(0, file.size - END_BYTES - MAX_COMMENT);
  const tail = Buffer.from(await repo.read(file.path, tailStart, file.size - tailStart, signal));
  const at = findEnd(tail);
  if (at === undefined) {
    return fail(file, 'it has no end record, so it was not downloaded whole');
  }
  const locator = at - LOCATOR_BYTES;
  const hasLocator = locator >= 0 && tail.readUInt32LE(locator) === SIGNATURES.locator;
  return hasLocator
    ? await readEnd64(repo, file, tailStart + locator, tail.subarray(locator), signal)
    : readEnd(tail.subarray(at), tailStart + at, file);
}

/** The last place at which an end record and its comment end the file. */
function findEnd(tail: Buffer): number | undefined {
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) === SIGNATURES.end && at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) {
      return at;
    }
  }
  return undefined;
}

function readEnd(record: Buffer, place: number, file: RepoFile): Directory {
  const count = record.readUInt16LE(10);
  const [bytes, offset] = [record.readUInt32LE(12), record.readUInt32LE(16)];
  const isWhole = record.readUInt16LE(4) === 0 && record.readUInt16LE(8) === count;
  return checked({ offset, bytes, count }, isWhole, place, file);
}

/** @param place where the locator is, which ends the zip64 record. */
async function readEnd64(
  repo: Repo,
  file: RepoFile,
  place: number,
  locator: Buffer,
  signal?: AbortSignal,
): Promise<Directory> {
  const at = Number(locator.readBigUInt64LE(8));
  if (at + END64_BYTES > place) {
    return fail(file, 'its zip64 record is not where its locator says');
  }
  const record = Buffer.from(await repo.read(file.path, at, END64_BYTES, signal));
  const [own, count, bytes, offset] = [24, 32, 40, 48].map((field) => Number(record.readBigUInt64LE(field))) as [
    number,
    number,
    number,
    number,
  ];
  const isWhole = record.readUInt32LE(0) === SIGNATURES.end64 && own === count;
  return checked({ offset, bytes, count }, isWhole, at, file);
}

/** @param place where the record is, in front of which the directory ends. */
function checked(directory: Directory, isWhole: boolean, place: number, file: RepoFile): Directory {
  const { offset, bytes } = directory;
  if (!isWhole || offset + bytes !== place) {
    return fail(file, 'its end record contradicts the file');
  }
  return directory;
}

function readEntry(
  directory: Buffer,
  at: number,
  file: RepoFile,
): { readonly entry: Omit<ZipEntry, 'limit'>; readonly end: number } {
  if (at + ENTRY_BYTES > directory.length || directory.readUInt32LE(at) !== SIGNATURES.entry) {
    fail(file, 'its directory has fewer entries than it says');
  }
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field)) as [
    number,
    number,
    number,
  ];
  const nameEnd = at + ENTRY_BYTES + nameBytes;
  const end = nameEnd + extraBytes + commentBytes;
  if (end > directory.length || directory.readUInt16LE(at + 34) === IN_ZIP64_SHORT) {
    fail(file, 'an entry of its directory does not end within it');
  }
  const name = directory.toString('utf8', at + ENTRY_BYTES, nameEnd);
  const zip64 = zip64Numbers(directory.subarray(nameEnd, nameEnd + extraBytes));
  const [size, packed, header] = [24, 20, 42].map((field) => {
    const value = directory.readUInt32LE(at + field);
    return value === IN_ZIP64 ? (zip64.shift() ?? value) : value;
  }) as [number, number, number];
  const [flags, method] = [directory.readUInt16LE(at + 8), directory.readUInt16LE(at + 10)];
  const isStored = method === 0 && (flags & 1) === 0;
  if (isStored && packed !== size) {
    fail(file, `its entry ${shown(name)} has ${size} bytes and takes ${packed}`);
  }
  return { entry: { name, isStored, size, packed, header }, end };
}

/** The 64-bit numbers of an extra field: size, compressed size and offset, those that are needed. */
function zip64Numbers(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    const field = extra.subarray(at + 4, at + 4 + length);
    if (id === 1) {
      return Array.from({ length: Math.floor(field.length / 8) }, (_, i) => Number(field.readBigUInt64LE(8 * i)));
    }
    at += 4 + length;
  }
  return [];
}

/** Checks that entries have names of their own, and bytes of their own in front of the directory. */
function withLimits(
  entries: readonly Omit<ZipEntry, 'limit'>[],
  directory: number,
  file: RepoFile,
): ReadonlyMap<string, ZipEntry> {
  const sorted = [...entries].sort((a, b) => a.header - b.header);
  const limits = new Map(sorted.map((entry, i) => [entry, sorted[i + 1]?.header ?? directory]));
  const named = new Map<string, ZipEntry>();
  for (const entry of entries) {
    const { name, header, packed } = entry;
    const limit = limits.get(entry) ?? directory;
    if (named.has(name)) {
      fail(file, `it has two entries ${shown(name)}`);
    }
    if (isOutside(name)) {
      fail(file, `its entry ${shown(name)} names a place outside of it`);
    }
    if (limit > directory || header + LOCAL_BYTES + Buffer.byteLength(name) + packed > limit) {
      fail(file, `its entry ${shown(name)} takes bytes of another`);
    }
    named.set(name, { ...entry, limit });
  }
  return named;
}

function isOutside(name: string): boolean {
  return name.startsWith('/') || name.includes('\\') || name.split('/').includes('..');
}

function shown(name: string): string {
  return beginning(name);
}
