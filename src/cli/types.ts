import { Command } from 'commander';
import { FILE_TYPES } from '../quantize/file-types.js';
import { TYPE_NOTES, type TypeNote } from '../quantize/type-notes.js';
import { screen } from './terminal/screen.js';
import { renderTable } from './terminal/table.js';
import { wrap } from './terminal/text.js';

export function typesCommand(): Command {
  return new Command('types')
    .description('List the types that a model can be quantized to.')
    .option('--json', 'one JSON array')
    .action(({ json }: { json?: boolean }) => {
      const types = Object.entries(TYPE_NOTES).map(([name, note]) => ({ name, ...note }));
      if (json) {
        screen.json(types);
      } else {
        screen.print(renderTypes(types, screen.width));
      }
    });
}

const FIGURES =
  "Bits per weight and the growth of perplexity are what llama-quantize lists, for Llama-3-8B or for the type as such; where it lists that model's size, its bits are computed from it. Small models lose more.";
const COPY = 'COPY writes tensors as they are. Q3_K, Q4_K and Q5_K are Q3_K_M, Q4_K_M and Q5_K_M.';

function renderTypes(types: readonly (TypeNote & { readonly name: string })[], width: number): string {
  const table = renderTable(
    types,
    [
      { head: 'type', cell: ({ name }) => name },
      { head: 'bits/weight', cell: ({ bits }) => bits.toFixed(2), right: true },
      {
        head: 'perplexity',
        cell: ({ perplexity }) => (perplexity === null ? '' : `+${perplexity.toFixed(4)}`),
        right: true,
        drop: 1,
      },
      { head: 'imatrix', cell: ({ imatrix }) => imatrix },
      { head: 'good for', cell: ({ use }) => use, shrinks: 'end' },
    ],
    width,
    (text) => screen.paintOut('heading', text),
  );
  return [table, '', ...[FIGURES, COPY].map((text) => wrap(text, Math.min(width, 80)))].join('\n');
}

/** As the command line takes them: in small letters. */
export const TYPE_NAMES: readonly string[] = Object.keys(FILE_TYPES).map((name) => name.toLowerCase());
