import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '#src/cli/program.js';
import { root } from '../paths.js';
import { optionsPage } from './options-page.js';

test('docs/options.md is what --help says; npm run docs writes it', () => {
  expect(readFileSync(join(root, 'docs/options.md'), 'utf8')).toBe(optionsPage(program()));
});
