import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import type { Config } from '#src/config/config.js';
import { isObject, type JsonObject } from '#src/json.js';
import type { Repo, RepoFile } from '#src/repo/repo.js';

/** A folder as a repository, with as little as the tokenizer needs. */
export function folderRepo(folder: string): Repo {
  return {
    id: folder,
    name: basename(folder),
    revision: null,
    async list(): Promise<readonly RepoFile[]> {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      const files = paths.map(async (path) => ({
        path: relative(folder, path).split(sep).join('/'),
        size: (await stat(path)).size,
      }));
      return (await Promise.all(files)).sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    async read(path, offset, length) {
      const file = await open(join(folder, path));
      try {
        const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
        return buffer;
      } finally {
        await file.close();
      }
    },
    stream: (path) => createReadStream(join(folder, path)),
    local: (path) => join(folder, path),
  };
}

/** config.json with `text_config` in the root, over the defaults of its model type. */
export async function plainConfig(folder: string, defaultsOf: (modelType: string) => JsonObject): Promise<Config> {
  const raw: JsonObject = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const text = isObject(raw.text_config) ? raw.text_config : {};
  const merged = { ...defaultsOf(String(raw.model_type)), ...raw };
  const hparams = { ...merged, ...defaultsOf(String(text.model_type ?? '')), ...text };
  const [architecture] = Array.isArray(raw.architectures) ? raw.architectures : [];
  return { architecture: String(architecture), hparams, rope: {} };
}
