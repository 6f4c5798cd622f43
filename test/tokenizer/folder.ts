import type { Config } from '#src/config/config.js';
import { loadConfig } from '#src/config/load-config.js';
import { openFolder } from '#src/repo/folder.js';
import { SmallFiles } from '#src/repo/small-files.js';

/** A folder's files, and its configuration as architectures see it. */
export async function openModel(folder: string): Promise<{ files: SmallFiles; config: Config }> {
  const files = new SmallFiles(await openFolder(folder));
  return { files, config: loadConfig((await files.json('config.json')) ?? {}) };
}
