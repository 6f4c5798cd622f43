import { stat } from 'node:fs/promises';
import { LocalBlob } from '../repo/local-blob.js';
import type { Repo } from '../repo/repo.js';
import { sha256 } from '../repo/verify.js';
import { sha256Of } from './lfs-upload.js';
import type { PublishParams } from './params.js';

/** Options that say how the work is done and where it goes: they change no byte of a file. */
const OF_WORK: ReadonlySet<string> = new Set<keyof PublishParams>([
  ...(['to', 'private', 'pr', 'keep', 'acceptLicence', 'check', 'made', 'quant', 'source', 'strict', 'force'] as const),
  ...(['verify', 'maxMemory', 'jobs', 'token', 'endpoint', 'cache', 'fetch', 'signal'] as const),
]);

/** The options that change a file's bytes, in order of their names, but for what is their default. */
export function optionsOfFiles(params: PublishParams): [name: string, value: unknown][] {
  return Object.entries(params)
    .filter(([name, value]) => !OF_WORK.has(name) && value !== undefined && value !== false)
    .filter(([name, value]) => name !== 'outtype' || value !== 'auto')
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * What decides the bytes of the files of a run, but for their types: the source at its commit, the options, and the
 * contents of the files that options name.
 */
export async function recipeOf(repo: Repo, params: PublishParams): Promise<string> {
  const files = (await repo.list()).map(({ path, size, sha256, gitSha1, version }) => [
    ...[path, size],
    sha256 ?? gitSha1 ?? version,
  ]);
  const options: [string, unknown][] = [];
  for (const [name, value] of optionsOfFiles(params)) {
    options.push([name, typeof value === 'string' ? await contentsOf(value) : value]);
  }
  // Without a commit, a folder's files stand for it by their sizes and times.
  return JSON.stringify([repo.revision ?? files, options]);
}

/** The hash that a file of this type is known by. @param type as the user spells it. */
export function recipeKey(recipe: string, type: string): string {
  return sha256(Buffer.from(`${type.toUpperCase()}\n${recipe}`)).slice(0, 32);
}

/** A file's hash for the name of one; any other text itself. */
async function contentsOf(value: string): Promise<string> {
  const stats = await stat(value).catch(() => null);
  if (!stats?.isFile()) {
    return value;
  }
  return `sha256:${await sha256Of(new LocalBlob(value, 0, stats.size))}`;
}
