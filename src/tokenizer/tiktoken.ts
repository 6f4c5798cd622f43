import { malformedFile } from '../hf-tokenizer/errors.js';
import { MAX_MERGES } from '../limits.js';
import { BYTE_CHARS } from '../text/byte-level.js';

/** Tokens and their ranks, as tiktoken has them. A token is a string of Latin-1: one character for each byte. */
export type Ranks = ReadonlyMap<string, number>;

/** The most bytes of a token. The longest known ones are runs of some 250 spaces. */
export const MAX_TOKEN_BYTES = 1024;

/** A token in GPT-2's alphabet of bytes. */
export function byteLevel(token: string): string {
  let text = '';
  for (let i = 0; i < token.length; i++) {
    text += BYTE_CHARS[token.charCodeAt(i)];
  }
  return text;
}

/**
 * The merges that tiktoken's ranks stand for, for each token of more than one byte those `split` finds.
 * @param file where the ranks are from, for messages.
 * @returns pairs `left right` in GPT-2's alphabet, in the order of the ranks.
 * @throws MalformedTokenizerError where a token is no pair of others
 */
export function mergesOfRanks(
  ranks: Ranks,
  split: (token: string, rank: number, ranks: Ranks) => readonly (readonly [left: string, right: string])[],
  file: string,
): string[] {
  const merges: string[] = [];
  for (const [token, rank] of ranks) {
    if (token.length === 1) {
      continue;
    }
    const pairs = split(token, rank, ranks);
    if (pairs.length === 0) {
      throw malformedFile(file, `has the token ${JSON.stringify(token)} of rank ${rank}, which is no pair of others`);
    }
    if (merges.length + pairs.length > MAX_MERGES) {
      throw malformedFile(file, `makes more than ${MAX_MERGES} merges`);
    }
    for (const [left, right] of pairs) {
      merges.push(`${byteLevel(left)} ${byteLevel(right)}`);
    }
  }
  return merges;
}

/** All pairs of tokens that a token can be made of, by their ranks. */
export function allSplits(token: string, _rank: number, ranks: Ranks): readonly (readonly [string, string])[] {
  const found: { readonly pair: readonly [string, string]; readonly left: number; readonly right: number }[] = [];
  for (let at = 1; at < token.length; at++) {
    const pair = [token.slice(0, at), token.slice(at)] as const;
    const [left, right] = [ranks.get(pair[0]), ranks.get(pair[1])];
    if (left !== undefined && right !== undefined) {
      found.push({ pair, left, right });
    }
  }
  return found.sort((a, b) => a.left - b.left || a.right - b.right).map(({ pair }) => pair);
}
