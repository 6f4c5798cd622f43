import { join } from 'node:path';
import type { Repo } from './repo.js';

/** Whole GGUF files, or the first part of each that is split. */
export function ggufFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => /\.gguf$/i.test(path) && !/-(?!00001)\d{5}-of-\d{5}\.gguf$/i.test(path));
}

/** Names in a sentence, of many the first. */
export function shownFiles(names: readonly string[]): string {
  const most = 6;
  const others = names.length - most;
  return `${names.slice(0, most).join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

/** How a file of a repository is named on the command line: in a folder by its path. */
export function sourceOf({ id, revision }: Pick<Repo, 'id' | 'revision'>, path: string): string {
  return revision === null ? join(id, path) : `${id}:${path}`;
}
