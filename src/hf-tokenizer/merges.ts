import type { Json } from '../json.js';
import { RANK_LIMIT } from '../text/merge.js';
import { type Merge, type MergeIndex, mergeIndex } from '../text/merge-index.js';
import { malformed } from './fields.js';

/**
 * The index of `model.merges`. ref-quirk: of two equal merges the tokenizers library takes the later one.
 * @throws MalformedTokenizerError
 */
export function indexOfMerges(merges: readonly Json[]): MergeIndex {
  if (merges.length > RANK_LIMIT) {
    throw malformed(`model.merges has ${merges.length} entries, more than any tokenizer`);
  }
  const rest = merges.some(isVersion) ? merges.filter((merge) => !isVersion(merge)) : merges;
  return mergeIndex(checkedMerges(rest), 'last');
}

/** Whether it is a line of an old file's head, which the tokenizers library skips. */
function isVersion(merge: Json): boolean {
  return typeof merge === 'string' && merge.startsWith('#version');
}

function checkedMerges(merges: readonly Json[]): readonly Merge[] {
  merges.forEach((merge, rank) => {
    if (typeof merge === 'string' && !isOfTwo(merge)) {
      throw malformed(`model.merges[${rank}] is not two tokens with a space between`);
    }
    if (typeof merge !== 'string' && !isPair(merge)) {
      throw malformed(`model.merges[${rank}] is no pair of tokens`);
    }
  });
  return merges as readonly Merge[];
}

function isOfTwo(merge: string): boolean {
  const space = merge.indexOf(' ');
  return space >= 0 && merge.indexOf(' ', space + 1) < 0;
}

function isPair(merge: Json): boolean {
  return Array.isArray(merge) && merge.length === 2 && typeof merge[0] === 'string' && typeof merge[1] === 'string';
}
