import type { Repo, RepoFile } from '../../repo/repo.js';
import type { NamedExpr } from '../../tensor/expr.js';
import { readStart } from '../file-start.js';
import { MalformedPickleError, UnsupportedWeightsError } from './errors.js';
import { readLegacyFormat } from './legacy-format.js';
import { placeTensor } from './place-tensor.js';
import type { PickleFile } from './values.js';
import { readZipFormat } from './zip-format.js';

/** What a tar archive has at byte 257: the first format of torch.save. */
const [TAR_PLACE, TAR] = [257, 'ustar'];
const START_BYTES = TAR_PLACE + TAR.length;

/**
 * The tensors of a file that torch.save wrote, in its dictionary's order, from its pickle alone: storages are not read.
 * @throws SourceError where the file breaks a rule of its format, UnsafePickleError, UnsupportedWeightsError
 */
export async function readPickle(repo: Repo, file: RepoFile, signal?: AbortSignal): Promise<NamedExpr[]> {
  const start = (await readStart(repo, file, START_BYTES, signal)).toString('latin1');
  const { tensors, places } = await formatOf(start, file)(repo, file, signal);
  return tensors.map((tensor) => {
    const [name, { storage }] = tensor;
    return { name, expr: placeTensor(tensor, places.get(storage.whole.key) ?? 0, file.path) };
  });
}

type ReadFormat = (repo: Repo, file: RepoFile, signal?: AbortSignal) => Promise<PickleFile>;

/** @throws UnsupportedWeightsError, MalformedPickleError */
function formatOf(start: string, file: RepoFile): ReadFormat {
  if (start.startsWith('PK')) {
    return readZipFormat;
  }
  if (start.startsWith('\x80')) {
    return readLegacyFormat;
  }
  if (start.slice(TAR_PLACE) === TAR) {
    throw new UnsupportedWeightsError(
      `${file.path} is a tar archive, as the first versions of PyTorch wrote them.`,
      'Load it with torch.load and save it again with torch.save, or as safetensors.',
    );
  }
  throw new MalformedPickleError(`${file.path} is no file of PyTorch: it is neither a zip archive nor a pickle.`);
}
