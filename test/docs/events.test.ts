import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../paths.js';

/** Of each event its fields, as the declarations that are published have them. */
function declared(): Map<string, string[]> {
  const files = ['dist/index.d.ts', 'dist/cli/json-stream.d.ts'].map((path) => join(root, path));
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const events = new Map<string, string[]>();
  for (const file of files) {
    const source = program.getSourceFile(file);
    const symbol = source && checker.getSymbolAtLocation(source);
    for (const exported of symbol ? checker.getExportsOfModule(symbol) : []) {
      if (!exported.name.endsWith('Event')) {
        continue;
      }
      const type = checker.getDeclaredTypeOfSymbol(
        exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported,
      );
      for (const member of type.isUnion() ? type.types : [type]) {
        const kind = member.getProperty('event');
        const literal = kind && checker.getTypeOfSymbol(kind);
        if (literal?.isStringLiteral()) {
          const fields = member.getProperties().map(({ name }) => name);
          events.set(literal.value, fields.filter((name) => name !== 'event').sort());
        }
      }
    }
  }
  return events;
}

/** The same, as the table of docs/events.md has them. What is in brackets are values. */
function documented(): Map<string, string[]> {
  const rows = readFileSync(join(root, 'docs/events.md'), 'utf8').matchAll(/^\| `(\w+)` *\|([^|]*)\|/gm);
  return new Map(
    [...rows].map(([, name = '', fields = '']) => {
      const words = [...fields.replace(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)];
      return [name, words.map(([, word = '']) => word).sort()];
    }),
  );
}

test('docs/events.md has every event with its fields', () => {
  const types = declared();
  expect(types.size).toBeGreaterThan(10);
  const sorted = (events: Map<string, string[]>) => [...events].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(sorted(documented())).toEqual(sorted(types));
});
