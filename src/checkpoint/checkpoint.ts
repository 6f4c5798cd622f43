import { forEachConcurrently } from '../async/concurrency.js';
import { SourceError } from '../errors.js';
import { isObject } from '../json.js';
import { MAX_TENSORS } from '../limits.js';
import type { Repo, RepoFile } from '../repo/repo.js';
import type { SmallFiles } from '../repo/small-files.js';
import type { NamedExpr, TensorExpr } from '../tensor/expr.js';
import { readPickle } from './pickle/read-pickle.js';
import type { BlockFileType } from './quantized/block-file-types.js';
import type { BlockTensor, PlainTensor } from './quantized/plain-tensors.js';
import { readSafetensorsHeader, TooManyTensorsError } from './safetensors.js';

/** The tensors of a model, from headers alone: files in name order, each file's tensors in its own order. */
export interface Checkpoint {
  /** The tensors as they are in the files: sources, and views of them. */
  readonly raw: readonly NamedExpr[];
  /**
   * The tensors that families read. For a quantized checkpoint these are expressions that decode its values, under the
   * plain names.
   */
  readonly tensors: readonly PlainTensor[];
  /** Tensors that stay in ggml's blocks, under the plain names. They stand before all others. */
  readonly blocks?: readonly BlockTensor[];
  /** The file type that they give the file. */
  readonly fileType?: BlockFileType;
  /** Tensors were decoded whose blocks `keepBlocks` would keep. */
  readonly hasBlocks?: boolean;
  /** What an outtype of `auto` is guessed from; `raw` where it is undefined. */
  readonly guessedFrom?: readonly NamedExpr[];
}

export const EMPTY_CHECKPOINT: Checkpoint = { raw: [], tensors: [] };

/** The repository has no files of weights, or a part of them is missing. */
export class MissingWeightsError extends SourceError {}
/** The index of the shards is malformed, or names files that are missing. */
export class ShardIndexError extends SourceError {}
/** Two files have a tensor of the same name. */
export class DuplicateTensorError extends SourceError {}

/** What the names of weights begin with: those of transformers' formats, and of Mistral's own. */
export type WeightsName = 'model' | 'consolidated';

/** A way to keep weights in files. */
interface Format {
  readonly parts: RegExp;
  /** The names of all parts, for messages. */
  readonly shown: string;
  /** The file that names the part of each tensor. */
  readonly index?: string;
  /** Files of which the tensors are read at once: each takes an open file or a connection, and memory. */
  readonly atOnce: number;
  /** The tensors of one part, in its order. */
  readonly read: (repo: Repo, file: RepoFile, signal?: AbortSignal) => Promise<readonly NamedExpr[]>;
}

const SAFETENSORS: Format = {
  parts: /^model[^/]*\.safetensors$/,
  shown: 'model*.safetensors',
  index: 'model.safetensors.index.json',
  atOnce: 64,
  read: readSafetensors,
};

/** The formats in the order in which the reference looks for them. Mistral's has no index. */
const FORMATS: Readonly<Record<WeightsName, readonly [Format, ...Format[]]>> = {
  model: [
    SAFETENSORS,
    {
      parts: /^pytorch_model[^/]*\.bin$/,
      shown: 'pytorch_model*.bin',
      index: 'pytorch_model.bin.index.json',
      atOnce: 8,
      read: readPickle,
    },
  ],
  consolidated: [
    {
      parts: /^consolidated[^/]*\.safetensors$/,
      shown: 'consolidated*.safetensors',
      atOnce: 64,
      read: readSafetensors,
    },
  ],
};

async function readSafetensors(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<readonly NamedExpr[]> {
  return (await readSafetensorsHeader(repo, file, signal)).map((expr) => ({ name: expr.name, expr }));
}

/** A tensor and the file that holds it. */
interface Held {
  readonly expr: TensorExpr;
  readonly file: string;
}

/**
 * Reads what the files of weights say of their tensors: headers of safetensors files, pickles of PyTorch's.
 * @throws SourceError where headers or the index contradict each other, UnsupportedWeightsError
 */
export async function openCheckpoint(
  files: SmallFiles,
  signal?: AbortSignal,
  name: WeightsName = 'model',
): Promise<Checkpoint> {
  const listing = await files.repo.list();
  const format = findFormat(listing, name);
  const index = format.index === undefined ? null : await readIndex(files, format.index);
  const parts = findParts(listing, format, index);
  const headers = new Array<readonly NamedExpr[]>(parts.length);
  await forEachConcurrently(parts.entries(), format.atOnce, signal, async ([i, file], stop) => {
    headers[i] = await format.read(files.repo, file, stop);
  });
  const tensors = new Map<string, Held>();
  for (const [i, { path }] of parts.entries()) {
    for (const { name, expr } of headers[i] ?? []) {
      const other = tensors.get(name);
      if (other) {
        throw new DuplicateTensorError(
          `Tensor ${name} is in both ${other.file} and ${path}.`,
          'Remove the file that does not belong to this model.',
        );
      }
      tensors.set(name, { expr, file: path });
    }
  }
  if (tensors.size > MAX_TENSORS) {
    throw new TooManyTensorsError(`${files.repo.id} has ${tensors.size} tensors, more than ${MAX_TENSORS}.`);
  }
  if (index) {
    checkIndex(index, tensors);
  }
  const raw = [...tensors].map(([name, { expr }]) => ({ name, expr }));
  return { raw, tensors: raw };
}

/** The first format with a file in the repository; an index alone shows that its files are missing. */
function findFormat(listing: readonly RepoFile[], name: WeightsName): Format {
  const formats = FORMATS[name];
  const holds = (test: (path: string) => boolean) => listing.some(({ path }) => test(path));
  const found =
    formats.find(({ parts }) => holds((path) => parts.test(path))) ??
    formats.find(({ index }) => holds((path) => path === index));
  if (!found) {
    throw new MissingWeightsError(
      `There is no ${formats.map(({ shown }) => shown).join(' or ')} file.`,
      'Check that this is the repository of a model and that all of it was downloaded.',
    );
  }
  return found;
}

/** The file that holds each tensor. */
interface Index {
  readonly path: string;
  readonly files: ReadonlyMap<string, string>;
}

async function readIndex(small: SmallFiles, path: string): Promise<Index | null> {
  const index = await small.json(path);
  if (!index) {
    return null;
  }
  const map = index.weight_map;
  if (!isObject(map)) {
    throw new ShardIndexError(`${path} has no "weight_map" object.`, 'Download the index again.');
  }
  const files = new Map<string, string>();
  for (const name of Object.keys(map)) {
    const file = map[name];
    if (typeof file !== 'string') {
      throw new ShardIndexError(`${path} gives no file name for tensor ${name}.`, 'Download the index again.');
    }
    files.set(name, file);
  }
  return { path, files };
}

function findParts(listing: readonly RepoFile[], { parts }: Format, index: Index | null): RepoFile[] {
  if (!index) {
    const found = listing.filter(({ path }) => parts.test(path));
    checkNumbers(found);
    return found;
  }
  const named = new Set(index.files.values());
  const listed = new Set(listing.map(({ path }) => path));
  const missing = [...named].filter((name) => !listed.has(name)).sort();
  if (missing.length > 0) {
    throw new ShardIndexError(
      `${index.path} names ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? `, … (${missing.length} files)` : ''}, which the repository does not hold.`,
      'Download the missing files.',
    );
  }
  return listing.filter((file) => named.has(file.path));
}

/**
 * Checks that no part is missing. Without an index only the names tell how many there are:
 * `model-00002-of-00005.safetensors`.
 */
function checkNumbers(found: readonly RepoFile[]): void {
  const names = new Set(found.map(({ path }) => path));
  const groups = new Map<string, { prefix: string; digits: string; ending: string }>();
  for (const name of names) {
    const [, prefix, digits, ending] = /^(.*)-\d{5}-of-(\d{5})(\.[^.]+)$/s.exec(name) ?? [];
    if (prefix !== undefined && digits !== undefined && ending !== undefined) {
      groups.set(`${digits} ${prefix}`, { prefix, digits, ending });
    }
  }
  for (const { prefix, digits, ending } of groups.values()) {
    const parts = Array.from({ length: Number(digits) }, (_, i) => {
      return `${prefix}-${String(i + 1).padStart(5, '0')}-of-${digits}${ending}`;
    });
    const missing = parts.filter((part) => !names.has(part));
    if (missing.length > 0) {
      throw new MissingWeightsError(
        `The names of the weights say that there are ${parts.length} parts. Missing: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}.`,
        'Download the missing files.',
      );
    }
  }
}

function checkIndex({ path, files }: Index, tensors: ReadonlyMap<string, Held>): void {
  const misplaced = [...files].filter(([name, file]) => tensors.get(name)?.file !== file);
  const extra = [...tensors].filter(([name]) => !files.has(name));
  const [[name, file] = []] = misplaced;
  if (name !== undefined) {
    throw new ShardIndexError(
      `${path} says that ${file} holds tensor ${name}, but it does not (${misplaced.length} such tensors).`,
      `Download ${file} again.`,
    );
  }
  const [[unnamed, held] = []] = extra;
  if (unnamed !== undefined) {
    throw new ShardIndexError(
      `${path} does not name tensor ${unnamed} of ${held?.file} (${extra.length} such tensors).`,
      'Download the index again, or remove the file that does not belong to this model.',
    );
  }
}
