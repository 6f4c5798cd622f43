import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { COUNTS, DERIVATIONS } from '#src/config/derivations.js';
import { root } from '../paths.js';

test('a name stands for one derivation alone, whatever table it is in', async () => {
  const folder = join(root, 'dist/config');
  const tables: Readonly<Record<string, unknown>>[] = [COUNTS];
  for (const file of readdirSync(folder).filter((name) => /-derivations\.js$/.test(name))) {
    const module: Readonly<Record<string, Readonly<Record<string, unknown>>>> = await import(join(folder, file));
    tables.push(...Object.entries(module).flatMap(([name, table]) => (name.endsWith('_DERIVATIONS') ? [table] : [])));
  }
  const names = tables.flatMap((table) => Object.keys(table));
  expect(tables.length).toBeGreaterThan(3);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  const own = Object.keys(DERIVATIONS).filter((name) => name in COUNTS);
  expect(own).toEqual([]);
});
