import { Command } from 'commander';
import type { Architecture, KeyRow, TensorRule } from '../archs/architecture.js';
import { listArchitectures, parseArchitecture } from '../archs/registry.js';
import { PRE_TOKENIZER_NAMES } from '../tokenizer/pre/fingerprints.js';
import { screen } from './terminal/screen.js';
import { renderTable } from './terminal/table.js';

export function archsCommand(): Command {
  return new Command('archs')
    .description('List the model classes that can be converted, or show a family of them whole.')
    .argument('[name]', 'a class, or the name in GGUF')
    .option('--pre-tokenizers', 'the names that --pre-tokenizer takes instead')
    .option('--json', 'one JSON array; of a family, the JSON that --arch-file takes')
    .action((name: string | undefined, { json, preTokenizers }: { json?: boolean; preTokenizers?: boolean }) => {
      if (name !== undefined) {
        const family = parseArchitecture(name);
        return json ? screen.json(family, undefined, 2) : screen.print(renderFamily(family));
      }
      if (preTokenizers) {
        return json ? screen.json(PRE_TOKENIZER_NAMES) : screen.print(PRE_TOKENIZER_NAMES.join('\n'));
      }
      const archs = listArchitectures();
      const rows = archs.flatMap(({ classes, ...rest }) => classes.map((name) => ({ name, ...rest })));
      const table = renderTable(
        rows,
        [
          { head: 'class', cell: ({ name }) => name },
          { head: 'GGUF', cell: ({ gguf }) => gguf },
          { head: 'proven', cell: ({ unproven }) => (unproven ? 'no' : 'yes') },
          { head: 'example', cell: ({ example }) => example, shrinks: 'middle' },
        ],
        screen.width,
        (text) => screen.paintOut('heading', text),
      );
      return json ? screen.json(archs) : screen.print(table);
    });
}

/** A family's tables, as a person reads them. */
function renderFamily({ classes, gguf, example, keys, tensors }: Architecture): string {
  const heading = (text: string) => screen.paintOut('heading', text);
  const keyTable = renderTable<KeyRow>(
    keys,
    [
      { head: 'key', cell: ([key]) => key.replace('{arch}', gguf) },
      { head: 'type', cell: ([, type]) => type },
      { head: 'from', cell: ([, , from]) => renderFrom(from), shrinks: 'end' },
    ],
    screen.width,
    heading,
  );
  const tensorTable = renderTable<TensorRule>(
    tensors,
    [
      { head: 'tensor', cell: ({ from, all }) => (all ?? from ?? []).join(', '), shrinks: 'middle' },
      { head: 'in GGUF', cell: ({ to }) => to ?? '(none)' },
      { head: 'by way of', cell: renderTransforms },
    ],
    screen.width,
    heading,
  );
  return [`${classes.join(', ')}: ${gguf}, such as ${example}`, keyTable, tensorTable].join('\n\n');
}

function renderFrom(from: KeyRow[2]): string {
  if ('fields' in from) {
    return from.fields.join(', ');
  }
  if ('value' in from) {
    return String(from.value);
  }
  if ('math' in from) {
    return `${from.math}(${from.of.map(renderFrom).join(', ')})`;
  }
  if ('first' in from) {
    return from.first.map(renderFrom).join(', ');
  }
  if ('element' in from) {
    return `${renderFrom(from.of)}[${from.element}]`;
  }
  if ('block' in from) {
    return 'block';
  }
  return 'layers' in from ? '(of each block)' : `(${'derive' in from ? from.derive : from.probe})`;
}

function renderTransforms({ via = [], each }: TensorRule): string {
  const steps = via.map((step) => step.map((own) => (typeof own === 'object' ? renderFrom(own) : own)).join(' '));
  return [...(each === undefined ? [] : [`stack of ${each}`]), ...steps].join(', then ');
}
