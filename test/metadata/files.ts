import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Repo } from '#src/repo/repo.js';
import { SmallFiles } from '#src/repo/small-files.js';

/** The files of a repository, given as path → contents. */
export function filesOf(contents: Readonly<Record<string, string | Uint8Array>>): SmallFiles {
  const bytes = new Map(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)]));
  const repo: Repo = {
    id: 'test',
    name: 'test',
    revision: null,
    list: async () => [...bytes].map(([path, { length }]) => ({ path, size: length })),
    read: async (path, offset, length) => bytes.get(path)?.subarray(offset, offset + length) ?? Buffer.alloc(0),
    stream: async function* (path) {
      yield bytes.get(path) ?? Buffer.alloc(0);
    },
    local: () => null,
  };
  return new SmallFiles(repo);
}

/** The small files that metadata comes from, in a folder. */
export function filesIn(folder: string): SmallFiles {
  const names = readdirSync(folder).filter(
    (name) => /^README\.md$|\.json$/.test(name) && statSync(join(folder, name)).isFile(),
  );
  return filesOf(Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))])));
}
