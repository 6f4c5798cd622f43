import { malformedFile } from '../hf-tokenizer/errors.js';
import type { Json } from '../json.js';
import { MAX_MERGES } from '../limits.js';
import type { SmallFiles } from '../repo/small-files.js';

const FORMAT = 'model.merges is neither a list of "left right" nor of ["left", "right"]';

/**
 * The merges as `tokenizer.ggml.merges` has them: "left right". A space inside a part of a pair
 * becomes `Ġ`, the space of a byte-level vocabulary. ref-quirk: `SpecialVocab._try_load_from_tokenizer_json` in
 * gguf-py/gguf/vocab.py.
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
    if (typeof merge === 'string') {
      return merge;
    }
    const [left, right] = Array.isArray(merge) && merge.length === 2 ? merge : [];
    if (typeof left !== 'string' || typeof right !== 'string') {
      throw malformedFile('tokenizer.json', FORMAT);
    }
    return `${withoutSpaces(left)} ${withoutSpaces(right)}`;
  });
}

/** Replaces spaces. It looks for one first, because there are many merges and few have a space. */
function withoutSpaces(part: string): string {
  return part.includes(' ') ? part.replaceAll(' ', 'Ġ') : part;
}

/**
 * Reads merges.txt, which older repositories have beside vocab.json. It skips lines that are no pair. ref-quirk:
 * `SpecialVocab._try_load_merges_txt` in gguf-py/gguf/vocab.py.
 */
export async function readMergesFile(files: SmallFiles): Promise<readonly string[]> {
  const lines = (await files.text('merges.txt'))?.split(/\r\n?|\n/) ?? [];
  if (lines[0]?.startsWith('#')) {
    lines.shift();
  }
  if (lines.length > MAX_MERGES) {
    throw malformedFile('merges.txt', `has ${lines.length} lines, more than ${MAX_MERGES}`);
  }
  return lines
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([left, right, ...rest]) => (right && rest.length === 0 ? [`${left} ${right}`] : []));
}
