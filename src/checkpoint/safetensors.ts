import { SourceError } from '../errors.js';
import { beginning, isObject, type Json, parseJsonObject } from '../json.js';
import { MAX_SAFETENSORS_HEADER_BYTES, MAX_SOURCE_DIMS, MAX_TENSORS } from '../limits.js';
import { counted } from '../options/counted.js';
import { compareCodePoints } from '../repo/paths.js';
import type { Repo, RepoFile } from '../repo/repo.js';
import { bytesOf, DTYPE_BYTES, type DType } from '../tensor/dtype.js';
import { elementCount, type SourceExpr } from '../tensor/expr.js';
import { readStart } from './file-start.js';

/**
 * Headers of safetensors files: 8 bytes of header length (little endian), a JSON object of
 * `name: {dtype, shape, data_offsets: [begin, end)}` with offsets from the header's end, then the tensors.
 * Format: https://github.com/huggingface/safetensors (README, "Format").
 */

/** The file has no safetensors header. */
export class NotSafetensorsError extends SourceError {}
/** The file ends before its header or its tensors do. */
export class TruncatedFileError extends SourceError {}
/** The header claims more bytes than are allowed. */
export class HeaderTooLargeError extends SourceError {}
/** A tensor has an unknown dtype. */
export class UnknownDTypeError extends SourceError {}
/** The header's entry of a tensor is malformed, or there are two. */
export class BadTensorEntryError extends SourceError {}
/** A file, or all files of a model, have more tensors than any model. */
export class TooManyTensorsError extends SourceError {
  constructor(what: string) {
    super(what, 'Check that the repository holds the right files.');
  }
}
/** Two tensors share bytes of the file. */
export class OverlappingTensorsError extends SourceError {}

/** The header's length, and its first brace. */
const START_BYTES = 9;
const DOWNLOAD_AGAIN = 'Download the file again.';

/**
 * Reads the tensors of a file, sorted by name in code point order. Their offsets count from the start of the file.
 * @throws SourceError where the header breaks a rule of the format
 */
export async function readSafetensorsHeader(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<SourceExpr[]> {
  const start = await readStart(repo, file, START_BYTES, signal);
  if (file.size < 8) {
    throw new NotSafetensorsError(
      `${file.path} has ${counted(file.size, 'byte')}: not a safetensors file.`,
      DOWNLOAD_AGAIN,
    );
  }
  const length = Number(start.readBigUInt64LE());
  if (start.length > 8 && start[8] !== 0x7b) {
    throw new NotSafetensorsError(`${file.path} is not a safetensors file: no JSON header.`, DOWNLOAD_AGAIN);
  }
  if (length > MAX_SAFETENSORS_HEADER_BYTES) {
    throw new HeaderTooLargeError(
      `${file.path} claims a header of ${length} bytes; at most ${MAX_SAFETENSORS_HEADER_BYTES} are allowed.`,
      'Check that it is a safetensors file.',
    );
  }
  const dataStart = 8 + length;
  if (dataStart > file.size) {
    throw new TruncatedFileError(
      `${file.path} ends within its header (${file.size} of ${dataStart} bytes).`,
      DOWNLOAD_AGAIN,
    );
  }
  const text = Buffer.from(await repo.read(file.path, 8, length, signal)).toString('utf8');
  return parseHeader(text, file, dataStart);
}

function parseHeader(text: string, file: RepoFile, dataStart: number): SourceExpr[] {
  const header = parseJsonObject(text, `The header of ${file.path}`);
  const names = Object.keys(header);
  if (names.length !== countKeys(text)) {
    throw new BadTensorEntryError(`The header of ${file.path} names a tensor twice.`, DOWNLOAD_AGAIN);
  }
  if (names.length > MAX_TENSORS) {
    throw new TooManyTensorsError(`${file.path} has ${names.length} tensors, more than ${MAX_TENSORS}.`);
  }
  const tensors = names
    .filter((name) => name !== '__metadata__')
    .map((name) => parseEntry(name, header[name], file, dataStart));
  checkOverlap(tensors);
  return tensors.sort((a, b) => compareCodePoints(a.name, b.name));
}

function parseEntry(name: string, entry: Json | undefined, file: RepoFile, dataStart: number): SourceExpr {
  const bad = (problem: string): never => {
    throw new BadTensorEntryError(`Tensor ${name} in ${file.path} ${problem}.`, DOWNLOAD_AGAIN);
  };
  if (!isObject(entry)) {
    return bad('has no entry of the right form');
  }
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw new UnknownDTypeError(
      `Tensor ${name} in ${file.path} has the unknown dtype ${beginning(dtype)}.`,
      'Check whether a newer version of hf2gguf knows it.',
    );
  }
  if (!isCounts(shape) || shape.length > MAX_SOURCE_DIMS) {
    return bad(`has no valid shape: ${beginning(shape)}`);
  }
  if (!isCounts(offsets) || offsets.length !== 2) {
    return bad(`has no valid data_offsets: ${beginning(offsets)}`);
  }
  const [begin = 0, end = 0] = offsets;
  const bytes = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype as DType]);
  if (!Number.isSafeInteger(bytes)) {
    return bad(`has a shape whose size overflows: ${beginning(shape)}`);
  }
  if (end - begin !== bytes) {
    return bad(`takes ${end - begin} bytes, but ${dtype} [${shape.join(', ')}] needs ${bytes}`);
  }
  if (dataStart + end > file.size) {
    throw new TruncatedFileError(
      `Tensor ${name} in ${file.path} ends at byte ${dataStart + end}, but the file has ${file.size}.`,
      DOWNLOAD_AGAIN,
    );
  }
  return { op: 'source', name, file: file.path, offset: dataStart + begin, dtype: dtype as DType, shape };
}

function isCounts(value: Json | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function checkOverlap(tensors: readonly SourceExpr[]): void {
  const size = (t: SourceExpr) => bytesOf(t.dtype, elementCount(t.shape));
  const sorted = tensors.filter((t) => size(t) > 0).sort((a, b) => a.offset - b.offset);
  sorted.forEach((tensor, i) => {
    const previous = sorted[i - 1];
    if (previous && previous.offset + size(previous) > tensor.offset) {
      throw new OverlappingTensorsError(
        `Tensors ${previous.name} and ${tensor.name} share bytes of ${tensor.file}.`,
        DOWNLOAD_AGAIN,
      );
    }
  });
}

/**
 * Counts the keys of the outermost object of a valid JSON text. Repeated keys count each time; JSON.parse would keep
 * the last one only.
 */
function countKeys(text: string): number {
  let depth = 0;
  let keys = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === '\\') {
        i++;
      } else if (c === '"') {
        inString = false;
      }
    } else if (c === '"') {
      inString = true;
    } else if (c === '{' || c === '[') {
      depth++;
    } else if (c === '}' || c === ']') {
      depth--;
    } else if (c === ':' && depth === 1) {
      keys++;
    }
  }
  return keys;
}
