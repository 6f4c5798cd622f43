import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RepoFile } from './repo.js';

/**
 * The hash that the Hub's tools have left of a file that they downloaded: the name of the blob to which a link in the cache
 * leads (`blobs/<hash>`), or the second line of `.cache/huggingface/download/<path>.metadata` in a folder of one's own
 * (commit, hash, time). A hash of 64 digits is a file's in LFS, one of 40 a file's in git.
 */
export async function knownHash(root: string, path: string): Promise<Pick<RepoFile, 'sha256' | 'gitSha1'>> {
  const blob = await realpath(join(root, path)).catch(() => '');
  if (basename(dirname(blob)) === 'blobs') {
    return asHash(basename(blob));
  }
  const metadata = join(root, '.cache/huggingface/download', `${path}.metadata`);
  return asHash((await smallText(metadata)).split('\n')[1]?.trim() ?? '');
}

/** Such a file has three short lines. */
const MAX_METADATA_BYTES = 4096;

async function smallText(path: string): Promise<string> {
  const kind = await stat(path).catch(() => null);
  return kind?.isFile() && kind.size <= MAX_METADATA_BYTES ? readFile(path, 'utf8') : '';
}

function asHash(text: string): Pick<RepoFile, 'sha256' | 'gitSha1'> {
  return /^[0-9a-f]{64}$/.test(text) ? { sha256: text } : /^[0-9a-f]{40}$/.test(text) ? { gitSha1: text } : {};
}
