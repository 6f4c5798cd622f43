import { MAX_PICKLE_BYTES } from '../../limits.js';
import type { Repo, RepoFile } from '../../repo/repo.js';
import { bytesOf } from '../../tensor/dtype.js';
import { MalformedPickleError, PickledTensorError, PickleLimitError, UnsupportedWeightsError } from './errors.js';
import { namedTensors } from './state-dict.js';
import { Storages } from './storages.js';
import { unpickle } from './unpickle.js';
import type { PickleFile, WholeStorage } from './values.js';
import { locateEntries, openZip, type ZipEntry } from './zip.js';

/**
 * The format of torch.save since version 1.6: a zip archive with one folder of any name, in which `data.pkl` is the
 * pickle, `data/KEY` each storage, and `byteorder` says `little` or `big`. Facts: torch/serialization.py.
 */
export async function readZipFormat(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<PickleFile> {
  const { entries } = await openZip(repo, file, signal);
  const pickles = [...entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (!pickle || pickles.length > 1) {
    throw new MalformedPickleError(`${file.path} is a zip archive with ${pickles.length} pickles of weights.`);
  }
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  const order = await readEntry(repo, file, entries.get(`${folder}byteorder`), MAX_ORDER_BYTES, signal);
  if (order && order.toString() !== 'little') {
    throw new UnsupportedWeightsError(
      `${file.path} was saved by a big-endian machine.`,
      'Load it with torch.load, and save it again on this machine.',
    );
  }
  const storages = new Storages(file.path);
  const bytes = (await readEntry(repo, file, pickle, MAX_PICKLE_BYTES, signal)) ?? Buffer.alloc(0);
  const tensors = namedTensors(unpickle(bytes, 0, file.path, storages.find).value, file.path);
  const wanted = storages.all().map((storage): readonly [WholeStorage, ZipEntry] => {
    return [storage, entryOf(storage, entries.get(`${folder}data/${storage.key}`), file)];
  });
  const all = wanted.map(([, entry]) => entry);
  const starts = await locateEntries(repo, file, all, signal);
  return { tensors, places: new Map(wanted.map(([{ key }, { name }]) => [key, starts.get(name) ?? 0])) };
}

/** `little` or `big`. */
const MAX_ORDER_BYTES = 16;

async function readEntry(
  repo: Repo,
  file: RepoFile,
  entry: ZipEntry | undefined,
  limit: number,
  signal?: AbortSignal,
): Promise<Buffer | null> {
  if (!entry) {
    return null;
  }
  checkStored(entry, file);
  if (entry.size > limit) {
    throw new PickleLimitError(`${entry.name} in ${file.path} has ${entry.size} bytes, more than ${limit}.`);
  }
  const start = (await locateEntries(repo, file, [entry], signal)).get(entry.name) ?? 0;
  return Buffer.from(await repo.read(file.path, start, entry.size, signal));
}

function entryOf({ key, dtype, count }: WholeStorage, entry: ZipEntry | undefined, file: RepoFile): ZipEntry {
  if (!entry) {
    throw new PickledTensorError(`${file.path} names storage ${key}, and has no such entry.`);
  }
  checkStored(entry, file);
  if (entry.size !== bytesOf(dtype, count)) {
    throw new PickledTensorError(
      `Storage ${key} in ${file.path} has ${entry.size} bytes, but ${count} elements of ${dtype} need ${bytesOf(dtype, count)}.`,
    );
  }
  return entry;
}

/** PyTorch never compresses. */
function checkStored({ name, isStored }: ZipEntry, { path }: RepoFile): void {
  if (!isStored) {
    throw new UnsupportedWeightsError(
      `${name} in ${path} is compressed or encrypted, so weights cannot be read where they lie.`,
      'Load the file with torch.load and save it again with torch.save, or as safetensors.',
    );
  }
}
