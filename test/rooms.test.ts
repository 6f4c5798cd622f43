import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOMS } from '../.dependency-cruiser.mjs';
import { root } from './paths.js';
import { tempFolder } from './temp.js';

/** The sources and the configuration of what `npm run lint` holds them to, to be broken. */
function copy(): string {
  const folder = tempFolder();
  for (const name of ['src', '.dependency-cruiser.mjs', 'biome.json', '.gitignore', 'package.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  return folder;
}

/** One of the two tools that `npm run lint` runs. */
function lint(folder: string, tool: 'biome' | 'depcruise') {
  const args = tool === 'biome' ? ['lint', '--only=suspicious/noImportCycles', 'src'] : ['src'];
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', tool), args, {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

test('the sources as they are pass', () => {
  const folder = copy();
  expect(lint(folder, 'depcruise')).toMatchObject({ status: 0 });
  expect(lint(folder, 'biome')).toMatchObject({ status: 0 });
});

/** Imports that break a rule: the rule, the module that gets the line, and what the line imports. */
const BREAKS = [
  ['tensor-imports', 'tensor/rows.ts', "import type { Plan } from '../layout/plan.js';", 'src/layout/plan.ts'],
  ['text-imports', 'text/split.ts', "export const late = () => import('../gguf/types.js');", 'src/gguf/types.ts'],
  ['everyone-imports', 'limits.ts', "export { Plan } from './layout/plan.js';", 'src/layout/plan.ts'],
  ['config-imports', 'config/config.ts', "export * from '../error-classes.js';", 'src/error-classes.ts'],
  ['portable', 'gguf/reader.ts', "import { open } from 'node:fs/promises';", 'fs/promises'],
  ['portable', 'plan/params.ts', "import type { Stats } from 'fs';", 'fs'],
  ['unknown-room', 'newcomer/first.ts', "import { UsageError } from '../errors.js';", 'src/errors.ts'],
] as const;

test('each rule names the import that breaks it', () => {
  const folder = copy();
  mkdirSync(join(folder, 'src/newcomer'));
  for (const [, file, line] of BREAKS) {
    appendFileSync(join(folder, 'src', file), `${line}\n`);
  }
  const { status, output } = lint(folder, 'depcruise');
  const found = [...output.matchAll(/^ *error (.*)$/gm)].map(([, message]) => message);
  expect(found.sort()).toEqual(BREAKS.map(([rule, file, , target]) => `${rule}: src/${file} → ${target}`).sort());
  expect(status).toBe(BREAKS.length);
});

test('a cycle of types alone is found', () => {
  const folder = copy();
  writeFileSync(join(folder, 'src/text/one.ts'), "import type { Two } from './two.js';\nexport type One = Two | 1;\n");
  writeFileSync(join(folder, 'src/text/two.ts'), "import type { One } from './one.js';\nexport type Two = One | 2;\n");
  const { status, output } = lint(folder, 'biome');
  expect(status).toBe(1);
  expect(output).toContain('src/text/two.ts');
  expect(output).toContain('part of a cycle');
});

test('rooms are layers: none reaches itself through the rooms that it may import', () => {
  const imports = new Map(Object.entries(ROOMS).map(([room, names]) => [room, names.split(' ').filter(Boolean)]));
  const reached = (room: string, way: readonly string[] = []): string[] =>
    way.includes(room)
      ? [[...way, room].join(' → ')]
      : (imports.get(room) ?? []).flatMap((n) => reached(n, [...way, room]));
  expect([...imports.keys()].flatMap((room) => reached(room))).toEqual([]);
});

test('the table in docs/architecture.md has the folders of src and what each may import', () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `src\/([\w-]+)\/` *\|[^|]*\|([^|]*)\|$/gm)];
  const documented = rows.map(([, room = '', names = '']) => [room, names.match(/[\w-]+/g)?.sort() ?? []]);
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(documented.map(([room]) => room).sort()).toEqual(folders.map(({ name }) => name).sort());
  const table = Object.entries(ROOMS).map(([room, names]) => [room, names.match(/[\w-]+/g)?.sort() ?? []]);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(table));
});

/** The lines of a room's modules, by the module's path. */
const linesOf = (room: string): [string, string[]][] =>
  readdirSync(join(root, 'src', room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [
      join(room, name),
      readFileSync(join(root, 'src', room, name), 'utf8')
        .trimEnd()
        .split('\n'),
    ]);

test('what families, configurations and tensors take stays under 8,000 lines, a file of families under 300', () => {
  const files = ['archs', 'config', 'tensor'].flatMap(linesOf);
  expect(files.reduce((sum, [, lines]) => sum + lines.length, 0)).toBeLessThan(8_000);
  const families = files.filter(([path]) => path.startsWith(join('archs', 'families')));
  expect(families.length).toBeGreaterThan(20);
  expect(families.filter(([, lines]) => lines.length > 300).map(([path]) => path)).toEqual([]);
});

test('no line of theirs, and of the rooms beneath them, is longer than 120 characters', () => {
  const files = ['archs', 'config', 'language', 'tensor', 'transformers'].flatMap(linesOf);
  const long = files.flatMap(([path, lines]) =>
    lines.flatMap((line, i) => ([...line].length > 120 ? [`src/${path}:${i + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
