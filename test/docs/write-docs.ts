import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '#src/cli/program.js';
import { root } from '../paths.js';
import { withModels } from './models-table.js';
import { optionsPage } from './options-page.js';

writeFileSync(join(root, 'docs/options.md'), optionsPage(program()));

const readme = join(root, 'README.md');
writeFileSync(readme, withModels(readFileSync(readme, 'utf8')));
