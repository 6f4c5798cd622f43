import { Command } from 'commander';
import { listArchitectures } from '../archs/registry.js';
import { PRE_TOKENIZER_NAMES } from '../tokenizer/pre/fingerprints.js';
import { toJsonLine } from './json.js';
import { screen } from './terminal/screen.js';
import { renderTable } from './terminal/table.js';

export function archsCommand(): Command {
  return new Command('archs')
    .description('List the model classes that can be converted.')
    .option('--pre-tokenizers', 'the names that --pre-tokenizer takes instead')
    .option('--json', 'one JSON array')
    .action(({ json, preTokenizers }: { json?: boolean; preTokenizers?: boolean }) => {
      if (preTokenizers) {
        console.log(json ? toJsonLine(PRE_TOKENIZER_NAMES) : PRE_TOKENIZER_NAMES.join('\n'));
        return;
      }
      const archs = listArchitectures();
      const rows = archs.flatMap(({ classes, gguf, example }) => classes.map((name) => ({ name, gguf, example })));
      const table = renderTable(
        rows,
        [
          { head: 'class', cell: ({ name }) => name },
          { head: 'GGUF', cell: ({ gguf }) => gguf },
          { head: 'example', cell: ({ example }) => example, shrinks: 'middle' },
        ],
        screen.width,
        (text) => screen.paintOut('heading', text),
      );
      console.log(json ? toJsonLine(archs) : table);
    });
}
