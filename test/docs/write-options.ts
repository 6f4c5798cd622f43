import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '#src/cli/program.js';
import { root } from '../paths.js';
import { optionsPage } from './options-page.js';

writeFileSync(join(root, 'docs/options.md'), optionsPage(program()));
