import { malformedFile } from '../hf-tokenizer/errors.js';
import { MAX_MERGES, MAX_VOCABULARY } from '../limits.js';
import type { SmallFiles } from '../repo/small-files.js';
import { BYTE_CHARS } from '../text/byte-level.js';
import { joinTexts, mergeSymbols, NONE } from '../text/merge.js';

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
 * @throws MalformedTokenizerError where there are too many
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
export function allSplits(token: string, ranks: Ranks): readonly (readonly [string, string])[] {
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

/**
 * The two parts that tiktoken joins last for a token: what is left of its bytes when all pairs of a lower rank are
 * joined. Nothing where these are not two.
 */
export function tiktokenSplit(token: string, rank: number, ranks: Ranks): readonly (readonly [string, string])[] {
  const parts = mergeSymbols([...token], {
    rank: (left, right) => {
      const joined = ranks.get(left + right);
      return joined === undefined || joined >= rank ? NONE : joined;
    },
    join: joinTexts,
  });
  const [left, right, more] = parts;
  return left !== undefined && right !== undefined && more === undefined ? [[left, right]] : [];
}

/**
 * Reads a file with a line `token rank` for each token, the token in base64.
 * @throws MalformedTokenizerError
 */
export async function readRanksFile(files: SmallFiles, file: string): Promise<Ranks> {
  const lines = ((await files.text(file)) ?? '').split(/\r?\n/).filter((line) => line !== '');
  if (lines.length > MAX_VOCABULARY) {
    throw malformedFile(file, `has ${lines.length} lines, more than ${MAX_VOCABULARY}`);
  }
  const ranks = new Map<string, number>();
  const used = new Set<number>();
  for (const [i, line] of lines.entries()) {
    const [, base64 = '', digits] = /^\s*([A-Za-z0-9+/]+={0,2})\s+(\d{1,7})\s*$/.exec(line) ?? [];
    const token = Buffer.from(base64, 'base64').toString('latin1');
    const rank = Number(digits);
    if (token === '' || token.length > MAX_TOKEN_BYTES || ranks.has(token) || used.has(rank)) {
      throw malformedFile(file, `has no new "token rank" in line ${i + 1}`);
    }
    ranks.set(token, rank);
    used.add(rank);
  }
  return ranks;
}
