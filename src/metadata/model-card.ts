import { MAX_FRONT_MATTER_LENGTH } from '../limits.js';
import { FileTooLargeError, type SmallFiles } from '../repo/small-files.js';
import { splitLines } from './python.js';
import { MalformedYamlError, parseYaml, type YamlMap } from './yaml.js';

const CARD = 'README.md';

/**
 * The YAML front matter of README.md, read as gguf-py's `Metadata.load_model_card` does; empty where there is none.
 * A malformed one, at which the reference stops, is left out with a warning.
 * @throws FileTooLargeError
 */
export async function readModelCard(files: SmallFiles, warn: (message: string) => void): Promise<YamlMap> {
  const bytes = await files.bytes(CARD);
  const text = bytes && frontMatter(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  if (text === null) {
    return new Map();
  }
  checkLength(text);
  try {
    const card = parseYaml(text, `The model card's metadata (${CARD})`);
    if (card instanceof Map) {
      return card;
    }
    warn(`The model card's metadata (${CARD}) is no mapping and was left out.`);
  } catch (error) {
    if (!(error instanceof MalformedYamlError)) {
      throw error;
    }
    warn(`${error.what} It was left out.`);
  }
  return new Map();
}

/** @throws FileTooLargeError */
function checkLength(yaml: string): void {
  if (yaml.length > MAX_FRONT_MATTER_LENGTH) {
    throw new FileTooLargeError(
      `The model card's metadata (${CARD}) has ${yaml.length} characters, more than the ${MAX_FRONT_MATTER_LENGTH} that it may have.`,
      'Check that the repository holds the right file.',
    );
  }
}

/**
 * A card's metadata and the text below them.
 * @throws MalformedYamlError, FileTooLargeError
 */
export function parseCard(text: string): { readonly metadata: YamlMap; readonly body: string } {
  const yaml = frontMatter(text);
  if (yaml === null) {
    return { metadata: new Map(), body: text };
  }
  checkLength(yaml);
  const metadata = parseYaml(yaml, `The model card's metadata (${CARD})`);
  const lines = text.split('\n');
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === '---');
  return {
    metadata: metadata instanceof Map ? metadata : new Map(),
    body: end === -1 ? '' : lines.slice(end + 1).join('\n'),
  };
}

/** The lines between `---` and `---`, mended as the reference does: "- no" is Norwegian, and a tab two spaces. */
function frontMatter(text: string): string | null {
  const [first, ...lines] = splitLines(text);
  if (first !== '---') {
    return null;
  }
  const end = lines.indexOf('---');
  const yaml = `${lines.slice(0, end === -1 ? undefined : end).join('\n')}\n`;
  return yaml.replaceAll('- no\n', '- "no"\n').replaceAll('\t', '  ');
}
