import { forEachConcurrently } from '../async/concurrency.js';
import { SourceError, UnsupportedError } from '../errors.js';
import { isObject } from '../json.js';
import { MAX_TENSORS } from '../limits.js';
import type { RepoFile } from '../repo/repo.js';
import type { SmallFiles } from '../repo/small-files.js';
import type { NamedExpr, SourceExpr } from '../tensor/expr.js';
import type { BlockFileType } from './quantized/block-file-types.js';
import type { BlockTensor, PlainTensor } from './quantized/plain-tensors.js';
import { readSafetensorsHeader, TooManyTensorsError } from './safetensors.js';

/** The tensors of a model, from headers alone: shards in name order, each shard's tensors sorted by name. */
export interface Checkpoint {
  /** The tensors as they are in the files. */
  readonly raw: readonly RawTensor[];
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

/** A tensor of a safetensors file, under its name there. */
export interface RawTensor extends NamedExpr {
  readonly expr: SourceExpr;
}

export const EMPTY_CHECKPOINT: Checkpoint = { raw: [], tensors: [] };

/** The repository has no safetensors files, or a part of them is missing. */
export class MissingWeightsError extends SourceError {}
/** The weights are in a format that is not read. */
export class UnsupportedWeightsError extends UnsupportedError {}
/** The index of the shards is malformed, or names files that are missing. */
export class ShardIndexError extends SourceError {}
/** Two files have a tensor of the same name. */
export class DuplicateTensorError extends SourceError {}

/** Headers that are read at once: each takes an open file or a connection. */
const MAX_HEADERS = 64;

const INDEX = 'model.safetensors.index.json';

/** What the names of weights begin with: those of transformers' format, and of Mistral's own. */
export type WeightsName = 'model' | 'consolidated';

/**
 * Reads the headers of all safetensors files. Those of Mistral's format have no index.
 * @throws SourceError where headers or the index contradict each other, UnsupportedWeightsError
 */
export async function openCheckpoint(
  files: SmallFiles,
  signal?: AbortSignal,
  name: WeightsName = 'model',
): Promise<Checkpoint> {
  const listing = await files.repo.list();
  const weightMap = name === 'model' ? await readWeightMap(files) : null;
  const shards = findShards(listing, weightMap, name);
  const tensors = new Map<string, SourceExpr>();
  const headers = new Array<readonly SourceExpr[]>(shards.length);
  await forEachConcurrently(shards.entries(), MAX_HEADERS, signal, async ([i, file], stop) => {
    headers[i] = await readSafetensorsHeader(files.repo, file, stop);
  });
  for (const header of headers) {
    for (const tensor of header) {
      const other = tensors.get(tensor.name);
      if (other) {
        throw new DuplicateTensorError(
          `Tensor ${tensor.name} is in both ${other.file} and ${tensor.file}.`,
          'Remove the file that does not belong to this model.',
        );
      }
      tensors.set(tensor.name, tensor);
    }
  }
  if (tensors.size > MAX_TENSORS) {
    throw new TooManyTensorsError(`${files.repo.id} has ${tensors.size} tensors, more than ${MAX_TENSORS}.`);
  }
  if (weightMap) {
    checkIndex(weightMap, tensors);
  }
  const raw = [...tensors].map(([name, expr]) => ({ name, expr }));
  return { raw, tensors: raw };
}

async function readWeightMap(small: SmallFiles): Promise<ReadonlyMap<string, string> | null> {
  const index = await small.json(INDEX);
  if (!index) {
    return null;
  }
  const map = index.weight_map;
  if (!isObject(map)) {
    throw new ShardIndexError(`${INDEX} has no "weight_map" object.`, 'Download the index again.');
  }
  const files = new Map<string, string>();
  for (const name of Object.keys(map)) {
    const file = map[name];
    if (typeof file !== 'string') {
      throw new ShardIndexError(`${INDEX} gives no file name for tensor ${name}.`, 'Download the index again.');
    }
    files.set(name, file);
  }
  return files;
}

function findShards(
  listing: readonly RepoFile[],
  weightMap: ReadonlyMap<string, string> | null,
  name: WeightsName,
): RepoFile[] {
  if (weightMap) {
    const named = new Set(weightMap.values());
    const listed = new Set(listing.map(({ path }) => path));
    const missing = [...named].filter((name) => !listed.has(name)).sort();
    if (missing.length > 0) {
      throw new ShardIndexError(
        `${INDEX} names ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? `, … (${missing.length} files)` : ''}, which the repository does not hold.`,
        'Download the missing files.',
      );
    }
    return listing.filter((file) => named.has(file.path));
  }
  const shards = listing.filter(({ path }) => path.startsWith(name) && /^[^/]*\.safetensors$/.test(path));
  if (shards.length > 0) {
    checkNumbers(shards);
    return shards;
  }
  if (listing.some((file) => /^pytorch_model[^/]*\.bin$/.test(file.path))) {
    throw new UnsupportedWeightsError(
      'The weights are PyTorch pickles (pytorch_model*.bin), which this version does not read.',
      'Use a revision of the repository with safetensors, or convert the weights to safetensors first.',
    );
  }
  throw new MissingWeightsError(
    `There is no ${name}*.safetensors file.`,
    'Check that this is the repository of a model and that all of it was downloaded.',
  );
}

/**
 * Checks that no shard is missing. Without an index only the names tell how many there are:
 * `model-00002-of-00005.safetensors`.
 */
function checkNumbers(shards: readonly RepoFile[]): void {
  const names = new Set(shards.map(({ path }) => path));
  const groups = new Map<string, { prefix: string; digits: string }>();
  for (const name of names) {
    const [, prefix, digits] = /^(.*)-\d{5}-of-(\d{5})\.safetensors$/s.exec(name) ?? [];
    if (prefix !== undefined && digits !== undefined) {
      groups.set(`${digits} ${prefix}`, { prefix, digits });
    }
  }
  for (const { prefix, digits } of groups.values()) {
    const parts = Array.from({ length: Number(digits) }, (_, i) => {
      return `${prefix}-${String(i + 1).padStart(5, '0')}-of-${digits}.safetensors`;
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

function checkIndex(weightMap: ReadonlyMap<string, string>, tensors: ReadonlyMap<string, SourceExpr>): void {
  const misplaced = [...weightMap].filter(([name, file]) => tensors.get(name)?.file !== file);
  const extra = [...tensors.keys()].filter((name) => !weightMap.has(name));
  const [first] = misplaced;
  if (first) {
    throw new ShardIndexError(
      `${INDEX} says that ${first[1]} holds tensor ${first[0]}, but it does not (${misplaced.length} such tensors).`,
      `Download ${first[1]} again.`,
    );
  }
  if (extra.length > 0) {
    throw new ShardIndexError(
      `${INDEX} does not name tensor ${extra[0]} of ${tensors.get(extra[0] ?? '')?.file} (${extra.length} such tensors).`,
      'Download the index again, or remove the file that does not belong to this model.',
    );
  }
}
