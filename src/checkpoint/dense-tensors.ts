import type { Repo } from '../repo/repo.js';
import type { NamedExpr } from '../tensor/expr.js';
import { readSafetensorsHeader } from './safetensors.js';

/** A layer whose weights are in a file of their own, and the name that takes the place of `linear` in theirs. */
interface Layer {
  readonly name: string;
  readonly file: string;
}

/** The weights of sentence-transformers' Dense layers; their biases are not used. @throws SourceError */
export async function readDenseTensors(
  repo: Repo,
  layers: readonly Layer[],
  signal?: AbortSignal,
): Promise<readonly NamedExpr[]> {
  const tensors: NamedExpr[] = [];
  for (const { name, file } of layers) {
    const listed = (await repo.list()).find(({ path }) => path === file);
    const header = listed ? await readSafetensorsHeader(repo, listed, signal) : [];
    const weights = header.filter((expr) => expr.name.endsWith('.weight'));
    tensors.push(...weights.map((expr) => ({ name: expr.name.replaceAll('linear', name), expr })));
  }
  return tensors;
}
