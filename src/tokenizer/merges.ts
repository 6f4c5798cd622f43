import { malformedFile } from '../hf-tokenizer/errors.js';
import type { Json } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';

const FORMAT = 'model.merges is neither a list of "left right" nor of ["left", "right"]';

/**
 * `tokenizer.ggml.merges`: each "left right". In pairs, a space inside a part is written `Ġ`, which is what stands for
 * it in a byte-level vocabulary.
 * @throws MalformedTokenizerError
 */
export function mergesOf(merges: Json | undefined): readonly string[] {
  if (!Array.isArray(merges) || merges.length === 0) {
    return [];
  }
  if (merges.every((merge): merge is string => typeof merge === 'string')) {
    return merges;
  }
  return merges.map((merge) => {
    const [left, right] = Array.isArray(merge) && merge.length === 2 ? merge : [];
    if (typeof left !== 'string' || typeof right !== 'string') {
      throw malformedFile('tokenizer.json', FORMAT);
    }
    return `${withoutSpaces(left)} ${withoutSpaces(right)}`;
  });
}

/** Hardly any has one, and there are many. */
function withoutSpaces(part: string): string {
  return part.includes(' ') ? part.replaceAll(' ', 'Ġ') : part;
}

/** merges.txt, which older repositories have beside vocab.json; lines that are no pair are left out. */
export async function readMergesFile(files: SmallFiles): Promise<readonly string[]> {
  const lines = (await files.text('merges.txt'))?.split(/\r\n?|\n/) ?? [];
  if (lines[0]?.startsWith('#')) {
    lines.shift();
  }
  return lines
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([left, right, ...rest]) => (right && rest.length === 0 ? [`${left} ${right}`] : []));
}
