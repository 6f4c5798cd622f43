import { Command } from 'commander';
import { listArchitectures } from '../archs/registry.js';
import { PRE_TOKENIZER_NAMES } from '../tokenizer/pre/fingerprints.js';
import { formatTable } from './format.js';
import { toJsonLine } from './json.js';

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
      const rows = archs.flatMap(({ classes, gguf, example }) => classes.map((name) => [name, gguf, example]));
      console.log(json ? toJsonLine(archs) : formatTable([['class', 'GGUF', 'example'], ...rows]));
    });
}
