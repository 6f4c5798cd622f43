import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '#src/cli/program.js';
import { root } from '../paths.js';
import { withModels } from './models-table.js';
import { optionsPage } from './options-page.js';

test('docs/options.md is what --help says; npm run docs writes it', () => {
  expect(readFileSync(join(root, 'docs/options.md'), 'utf8')).toBe(optionsPage(program()));
});

test('the table in README.md is what the registry holds; npm run docs writes it', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  expect(readme).toBe(withModels(readme));
});
