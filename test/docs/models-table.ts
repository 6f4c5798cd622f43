import { listArchitectures } from '#src/archs/registry.js';
import { markdownTable } from './markdown-table.js';

const BEGIN = '<!-- Written by `npm run docs` from the registry. -->';
const END = '<!-- The table ends. -->';

/** README.md with the table of all models that convert between its two comments. */
export function withModels(readme: string): string {
  const [before, rest = ''] = readme.split(BEGIN);
  const after = rest.split(END)[1];
  if (after === undefined) {
    throw new Error(`README.md lacks "${BEGIN}" or "${END}".`);
  }
  return `${before}${BEGIN}\n\n${modelsTable()}\n\n${END}${after}`;
}

/** A line for each class and example; one architecture of GGUF may have several. */
function modelsTable(): string {
  const families = listArchitectures()
    .flatMap(({ gguf, classes, example, unproven }) =>
      classes.map((name) => ({ gguf, name, example, note: unproven ? 'unproven' : '' })),
    )
    .sort((a, b) => compare(a.gguf, b.gguf) || compare(a.name, b.name));
  const rows = families.map(({ gguf, name, example, note }) => [`\`${gguf}\``, `\`${name}\``, example, note]);
  const unique = [...new Map(rows.map((row) => [row.join(' '), row])).values()];
  return markdownTable(['GGUF', 'class in config.json', 'example', ''], unique);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
