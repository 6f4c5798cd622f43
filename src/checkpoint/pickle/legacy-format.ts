import { MAX_PICKLE_BYTES } from '../../limits.js';
import type { Repo, RepoFile } from '../../repo/repo.js';
import { bytesOf } from '../../tensor/dtype.js';
import {
  MalformedPickleError,
  PickledTensorError,
  PickleLimitError,
  TruncatedPickleError,
  UnsupportedWeightsError,
} from './errors.js';
import { readRuns } from './read-runs.js';
import { namedTensors } from './state-dict.js';
import { Storages } from './storages.js';
import { unpickle } from './unpickle.js';
import { entriesOf, is, type NamedTensor, type PickleFile, type PickleValue, type WholeStorage } from './values.js';

/**
 * The format of torch.save before version 1.6: pickles of a magic number, of the version, of the machine, of the value and
 * of the storages' keys, then for each key the number of elements in 8 bytes (little endian) and the elements. Facts:
 * torch/serialization.py, `_legacy_save`.
 */
export async function readLegacyFormat(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<PickleFile> {
  const { tensors, keys, end, storages } = await readPickles(repo, file, signal);
  const counts: { readonly offset: number; readonly length: number; readonly storage: WholeStorage }[] = [];
  const places = new Map<string, number>();
  let at = end;
  for (const key of is(keys, 'list') ? keys.items : []) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || places.has(storage.key)) {
      throw new PickledTensorError(`${file.path} lists a storage that its tensors do not name, or one twice.`);
    }
    counts.push({ offset: at, length: COUNT_BYTES, storage });
    places.set(storage.key, at + COUNT_BYTES);
    at += COUNT_BYTES + bytesOf(storage.dtype, storage.count);
    if (at > file.size) {
      throw new TruncatedPickleError(`${file.path} ends within its storage ${storage.key}, at byte ${file.size}.`);
    }
  }
  const missing = storages.all().find(({ key }) => !places.has(key));
  if (missing) {
    throw new PickledTensorError(`${file.path} does not list storage ${missing.key}.`);
  }
  await readRuns(repo, file.path, counts, signal, ({ storage: { key, count } }, bytes) => {
    if (bytes.readBigUInt64LE() !== BigInt(count)) {
      throw new PickledTensorError(
        `Storage ${key} in ${file.path} has ${bytes.readBigUInt64LE()} elements, and its tensors have ${count}.`,
      );
    }
  });
  return { tensors, places };
}

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const COUNT_BYTES = 8;
/** Read at first: the pickles of files with few tensors are shorter. */
const FIRST_BYTES = 256 * 2 ** 10;

interface Pickles {
  readonly tensors: readonly NamedTensor[];
  readonly keys: PickleValue;
  readonly end: number;
  readonly storages: Storages;
}

/** Nothing tells how long the pickles are, so more of the file is read until they end. */
async function readPickles(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<Pickles> {
  const limit = Math.min(file.size, MAX_PICKLE_BYTES);
  for (let length = Math.min(FIRST_BYTES, limit); ; length = Math.min(4 * length, limit)) {
    const bytes = Buffer.from(await repo.read(file.path, 0, length, signal));
    try {
      return parsePickles(bytes, file);
    } catch (error) {
      if (!(error instanceof TruncatedPickleError) || length === file.size) {
        throw error;
      }
      if (length === limit) {
        throw new PickleLimitError(`${file.path} has pickles of more than ${limit} bytes.`);
      }
    }
  }
}

function parsePickles(bytes: Buffer, file: RepoFile): Pickles {
  const storages = new Storages(file.path);
  const magic = unpickle(bytes, 0, file.path);
  if (magic.value !== MAGIC) {
    throw new MalformedPickleError(`${file.path} is a pickle, but none that torch.save wrote.`);
  }
  const version = unpickle(bytes, magic.end, file.path);
  if (version.value !== VERSION) {
    throw new MalformedPickleError(`${file.path} is of a version of torch.save's format that is unknown.`);
  }
  const machine = unpickle(bytes, version.end, file.path);
  if (is(machine.value, 'dict') && entriesOf(machine.value).get('little_endian') === false) {
    throw new UnsupportedWeightsError(
      `${file.path} was saved by a big-endian machine.`,
      'Load it with torch.load, and save it again on this machine.',
    );
  }
  const { value, end } = unpickle(bytes, machine.end, file.path, storages.find);
  const keys = unpickle(bytes, end, file.path);
  return { tensors: namedTensors(value, file.path), keys: keys.value, end: keys.end, storages };
}
