import { basename } from 'node:path';
import { parseCard } from '../metadata/model-card.js';
import { frontMatter } from './front-matter.js';
import { MANIFEST, type Manifest, memoryOf, type PublishedFile, sizeOfFile } from './manifest.js';
import { BUNDLED_TEXT, FIGURES, measuredOn, PLOT_TEXT } from './quality-words.js';
import type { SourceFacts } from './source-facts.js';

/** Where our part of the card begins and ends. What people write before and after it stays. */
const [BEGIN, END] = ['<!-- hf2gguf: from here -->', '<!-- hf2gguf: to here -->'];
/** The card in the repository. */
export const CARD = 'README.md';
/** The plot in the repository. */
export const PLOT = 'quality.svg';

/** How the files were made. */
export interface Making {
  readonly version: string;
  /** The options of the command that change the files, as on a command line. */
  readonly options: string;
  /** The importance matrix in the repository; null where none is used. */
  readonly imatrix: string | null;
}

export interface Card {
  readonly source: SourceFacts;
  /** `owner/name` of the repository that the card is for. */
  readonly repository: string;
  readonly manifest: Manifest;
  readonly making: Making;
}

/** @param before the card that is there; null for none. */
export function writeCard(card: Card, before: string | null): string {
  const name = card.repository.slice(card.repository.indexOf('/') + 1);
  const { metadata, body } = parseCard(before ?? '');
  const own = `${BEGIN}\n${bodyOf(card, name)}\n${END}`;
  const [start, end] = [body.indexOf(BEGIN), body.indexOf(END)];
  const whole = start >= 0 && end > start ? `${body.slice(0, start)}${own}${body.slice(end + END.length)}` : own;
  const below = start >= 0 || body.trim() === '' ? '' : `\n\n${body.trim()}\n`;
  return `---\n${frontMatter(card.source, name, card.manifest, metadata)}---\n\n${whole.trim()}\n${below}`;
}

function bodyOf({ source, repository, manifest, making }: Card, name: string): string {
  const files = [...manifest.files].sort((a, b) => sizeOfFile(a) - sizeOfFile(b));
  const original =
    source.repo.revision === null ? `\`${name}\`` : `[${source.repo.name}](https://huggingface.co/${source.id})`;
  const first = recommended(files);
  return [
    `# ${name}`,
    `${original} as GGUF files, for llama.cpp and all that is built on it.${about(source)}`,
    '## Which file',
    ...(first ? [advice(first, files)] : []),
    table(manifest, files),
    ...notes(manifest, files),
    '## How to run',
    ...(first ? [running(repository, first)] : []),
    '## How these files were made',
    made(source, making, files),
  ].join('\n\n');
}

function about({ card }: SourceFacts): string {
  const licence = card.get('license');
  // Another text than a licence's name could hold markup.
  return typeof licence === 'string' && /^[\w.-]+$/.test(licence) ? ` Licence: ${licence}, as of the original.` : '';
}

/** The smallest file of those that are nearly the source; where nothing is measured, the usual one. */
function recommended(files: readonly PublishedFile[]): PublishedFile | undefined {
  const close = files.find(({ measured }) => measured !== null && measured.kld.value <= CLOSE);
  return close ?? files.find(({ type }) => type === 'Q4_K_M') ?? files[0];
}

/** Mean KL divergence in nats under which people hardly see a difference. */
const CLOSE = 0.02;

function advice({ type, measured }: PublishedFile, files: readonly PublishedFile[]): string {
  if (files.length === 1) {
    return `There is one: ${type}.`;
  }
  const why =
    measured && measured.kld.value <= CLOSE
      ? 'the smallest one whose answers are close to those of the original'
      : 'a good balance of size and quality for most uses';
  return `If you are not sure, take **${type}**: ${why}. Larger ones are closer to the original, smaller ones need less memory.`;
}

interface Column {
  readonly head: string;
  readonly right?: boolean;
  cell(file: PublishedFile): string;
}

function table({ check }: Manifest, files: readonly PublishedFile[]): string {
  const measured = check !== null && files.some((file) => file.measured !== null);
  const columns: Column[] = [
    {
      head: 'File',
      cell: ({ parts }) => parts.map(({ path }) => `[${basename(path)}](./${encodeURI(path)})`).join('<br>'),
    },
    { head: 'Type', cell: ({ type }) => type },
    { head: 'Size', right: true, cell: (file) => gigabytes(sizeOfFile(file)) },
    { head: 'Bits per weight', right: true, cell: ({ bitsPerWeight }) => bitsPerWeight.toFixed(2) },
    { head: 'Memory', right: true, cell: (file) => gigabytes(memoryOf(file)) },
    ...(measured ? MEASURED : []),
  ];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(columns.map(({ head }) => head)),
    row(columns.map(({ right }) => (right ? '---:' : '---'))),
    ...files.map((file) => row(columns.map(({ cell }) => cell(file)))),
  ].join('\n');
}

const MEASURED: readonly Column[] = FIGURES.map(({ head, text }) => {
  return { head, right: true, cell: ({ measured }) => (measured ? text(measured) : '–') };
});

function notes({ check }: Manifest, files: readonly PublishedFile[]): string[] {
  const cached = files.some(({ cache }) => cache !== null);
  const memory = `*Memory* is the file${cached ? ' and the cache for 4,096 tokens; longer contexts need more' : ', without a cache for the context'}.`;
  if (!check || !files.some(({ measured }) => measured !== null)) {
    return [memory];
  }
  const text = check.text === null ? BUNDLED_TEXT : `\`${check.text}\``;
  const meanings = FIGURES.flatMap(({ head, meaning }) => (meaning === null ? [] : [`*${head}*: ${meaning}.`]));
  return [[memory, ...meanings, measuredOn(text, check)].join(' '), `![${PLOT_TEXT}](./${PLOT})`];
}

function running(repository: string, { type, parts }: PublishedFile): string {
  const file = parts[0]?.path ?? '';
  return [
    '**llama.cpp**',
    `\`\`\`sh\nllama-cli -hf ${repository}:${type}\n\`\`\``,
    'or as a server with a web page and an API like that of OpenAI:',
    `\`\`\`sh\nllama-server -hf ${repository}:${type}\n\`\`\``,
    '**Ollama**',
    `\`\`\`sh\nollama run hf.co/${repository}:${type}\n\`\`\``,
    `**LM Studio**: search for \`${repository}\` and choose the file, or`,
    `\`\`\`sh\nlms get https://huggingface.co/${repository}@${type.toLowerCase()}\n\`\`\``,
    `**The file alone**: \`hf download ${repository} ${file}\``,
  ].join('\n\n');
}

function made(source: SourceFacts, { version, options, imatrix }: Making, files: readonly PublishedFile[]): string {
  const { revision } = source.repo;
  const commits = [...new Set(files.flatMap(({ commit }) => commit ?? []))];
  const named = commits.map(
    (commit) => `[\`${commit.slice(0, 12)}\`](https://huggingface.co/${source.id}/tree/${commit})`,
  );
  const lines = [
    `- Source: ${revision === null ? 'a local folder' : `${source.id} at ${named.join(', ')}`}`,
    `- Tool: hf2gguf ${version}, whose files are byte for byte those of llama.cpp's converter and llama-quantize`,
    `- Recipe: \`${options}\``,
    `- Importance matrix: ${imatrix === null ? 'none' : `[${imatrix}](./${encodeURI(imatrix)})`}`,
    `- For programs: [${MANIFEST}](./${MANIFEST})`,
  ];
  // A plan knows no hashes yet.
  const sums = files.flatMap(({ parts }) => parts.flatMap(({ path, sha256 }) => (sha256 ? `${sha256}  ${path}` : [])));
  const details = [
    '<details><summary>sha256 of each file</summary>',
    `\`\`\`\n${sums.join('\n')}\n\`\`\``,
    '</details>',
  ];
  return [lines.join('\n'), ...(sums.length > 0 ? details : [])].join('\n\n');
}

/** In the units of the Hub: 1 GB are 1,000,000,000 bytes. */
function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
