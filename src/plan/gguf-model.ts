import { SourceError, UnsupportedError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import { encodeRaw } from '../gguf/raw-strings.js';
import { type GgufFile, readGguf } from '../gguf/reader.js';
import { readTrailing } from '../gguf/trailing.js';
import { align } from '../gguf/writer.js';
import { byteSource, locateGguf } from '../gguf-files/locate.js';
import type { OpenOptions } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import type { SourceExpr } from '../tensor/expr.js';
import { type DoubtSink, doubt } from '../warnings.js';
import type { QuantizeSource, SourceTensor } from './quantized.js';

/** A GGUF file, or all parts of a split one, as something to quantize. */
export interface GgufModel extends QuantizeSource {
  readonly repo: Repo;
  readonly tensors: readonly GgufModelTensor[];
  /** The key-values of the file, or of the first part. */
  readonly name: string;
}

export interface GgufModelTensor extends SourceTensor {
  readonly expr: SourceExpr;
}

export class BigEndianError extends UnsupportedError {}
export class InconsistentPartsError extends SourceError {}
/** Tensors that do not lie one after the other, or whose names are too long: ggml (gguf.cpp) reads no such file. */
export class TensorPlaceError extends SourceError {}
/** Parts of a split file, joined by their bytes. */
export class JoinedPartsError extends SourceError {}

/**
 * Reads the headers of a GGUF file and of all its parts.
 * @param source a path, or `org/model[@revision]:file.gguf`.
 * @param to gets a warning about bytes that belong to no tensor.
 * @throws TensorPlaceError, JoinedPartsError, BigEndianError, InconsistentPartsError, and what `locateGguf` and `readGguf` throw.
 */
export async function openGgufModel(
  source: string,
  options: OpenOptions,
  to: DoubtSink = { emit: () => {} },
): Promise<GgufModel> {
  const { repo, paths } = await locateGguf(source, options);
  const tensors: GgufModelTensor[] = [];
  let kv: KeyValues | undefined;
  for (const [part, path] of paths.entries()) {
    const bytes = await byteSource(repo, path);
    const file = await readGguf(bytes, options.signal);
    const trailing = await readTrailing(bytes, file, options.signal);
    if (trailing?.isGguf && countOf(file) !== paths.length) {
      throw new JoinedPartsError(trailing.what, trailing.next);
    }
    if (trailing) {
      doubt(to, trailing.what, trailing.next);
    }
    checkPart(file, part, paths);
    checkPlaces(file, path);
    kv ??= file.kv;
    for (const { name, type, ne, offset } of file.tensors) {
      const expr = { op: 'source', name, file: path, offset, dtype: type, shape: [...ne].reverse() } as const;
      tensors.push({ name, type, ne, expr, why: 'as it is', part, offset });
    }
  }
  checkNames(tensors, paths);
  checkCount(tensors.length, kv, paths);
  return { repo, name: paths[0] as string, kv: kv as KeyValues, tensors };
}

/** The parts that a file says it is one of; llama-gguf-split writes 0 when it merges. */
function countOf({ kv }: GgufFile): number {
  return Number(kv.get('split.count')?.value ?? 1) || 1;
}

function checkPart(file: GgufFile, part: number, paths: readonly string[]): void {
  const { bigEndian, kv } = file;
  if (bigEndian) {
    throw new BigEndianError(`${paths[part]} is big-endian.`, 'Convert the model again for this machine.');
  }
  const count = countOf(file);
  const number = Number(kv.get('split.no')?.value ?? 0);
  if (count !== paths.length || number !== part) {
    throw new InconsistentPartsError(
      `${paths[part]} says that it is part ${number + 1} of ${count}, but its name says ${part + 1} of ${paths.length}.`,
      'Give the parts the names that they were written under.',
    );
  }
}

/** GGML_MAX_NAME, of which the last byte is the string's end. */
const MAX_NAME_BYTES = 63;

function checkPlaces({ tensors, dataOffset, alignment }: GgufFile, path: string): void {
  let wanted = dataOffset;
  for (const { name, offset, size } of tensors) {
    const long = encodeRaw(name).length > MAX_NAME_BYTES;
    if (long || offset !== wanted) {
      throw new TensorPlaceError(
        long
          ? `The tensor ${name.slice(0, MAX_NAME_BYTES)}… of ${path} has a name of more than ${MAX_NAME_BYTES} bytes.`
          : `The tensor ${name} of ${path} lies at byte ${offset}, where llama.cpp wants it at ${wanted}.`,
        'Convert the model again.',
      );
    }
    wanted += align(size, alignment);
  }
}

function checkNames(tensors: readonly SourceTensor[], paths: readonly string[]): void {
  const partOf = new Map<string, number>();
  for (const { name, part } of tensors) {
    const other = partOf.get(name);
    if (other !== undefined) {
      throw new InconsistentPartsError(
        `The tensor ${name} stands in ${paths[other]} and in ${paths[part]}.`,
        'Get all parts of one and the same file.',
      );
    }
    partOf.set(name, part);
  }
}

function checkCount(count: number, kv: KeyValues | undefined, paths: readonly string[]): void {
  const expected = Number(kv?.get('split.tensors.count')?.value ?? count);
  if (paths.length > 1 && count !== expected) {
    throw new InconsistentPartsError(
      `${paths[0]} says that there are ${expected} tensors, but the ${paths.length} parts have ${count}.`,
      'Get all parts of one and the same file.',
    );
  }
}
