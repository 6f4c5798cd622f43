import { Command } from 'commander';
import { listArchitectures } from '../archs/registry.js';
import { formatTable } from './format.js';
import { toJsonLine } from './json.js';

export function archsCommand(): Command {
  return new Command('archs')
    .description('List the model classes that can be converted.')
    .option('--json', 'one JSON array')
    .action(({ json }: { json?: boolean }) => {
      const archs = listArchitectures();
      const rows = archs.flatMap(({ classes, gguf, example }) => classes.map((name) => [name, gguf, example]));
      console.log(json ? toJsonLine(archs) : formatTable([['class', 'GGUF', 'example'], ...rows]));
    });
}
