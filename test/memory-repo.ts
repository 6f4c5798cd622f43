import type { Repo, RepoFile } from '#src/repo/repo.js';

/** A repository in memory, for tests that build its files byte by byte. */
export function memoryRepo(files: Readonly<Record<string, string | Uint8Array>>): Repo {
  const contents = new Map(Object.entries(files).map(([path, value]) => [path, Buffer.from(value as Uint8Array)]));
  const listing = [...contents].map(([path, { length }]): RepoFile => ({ path, size: length }));
  listing.sort((a, b) => (a.path < b.path ? -1 : 1));
  const slice = (path: string, offset: number, length: number) => {
    const bytes = contents.get(path)?.subarray(offset, offset + length);
    if (bytes?.length !== length) {
      throw new Error(`${path} has no ${length} bytes at ${offset}`);
    }
    return bytes;
  };
  return {
    id: 'test/memory',
    name: 'memory',
    revision: null,
    list: async () => listing,
    read: async (path, offset, length) => slice(path, offset, length),
    readInto: async (path, offset, target) => target.set(slice(path, offset, target.length)),
    async *stream(path) {
      yield contents.get(path) ?? new Uint8Array();
    },
    local: () => null,
    file: (path) => ({ path, size: contents.get(path)?.length ?? 0 }),
    ...{ isChecked: () => false, notes: () => [], streamed: new Set<string>() },
  };
}
