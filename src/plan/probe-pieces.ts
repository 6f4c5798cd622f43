import type { AutoTokenizer } from '../hf-tokenizer/auto-tokenizer.js';
import { isObject, type Json } from '../json.js';

/** What a text is made of that meets what is special about one tokenizer, and how much of it. */
const MAX_PIECES = 64;
const MAX_PIECE = 100;
const MAX_DEPTH = 16;

/**
 * Text that holds what a tokenizer's own parts look for: the patterns of its normalizer and of its pre-tokenizer, and
 * those added tokens that take white space beside them or stand alone, with and without letters beside them. Empty
 * where a tokenizer has none of these.
 */
export function probePieces({ json, tokens }: AutoTokenizer): string {
  const flagged = [...tokens.added]
    .sort(([a], [b]) => a - b)
    .map(([, token]) => token)
    .filter(({ lstrip, rstrip, singleWord }) => lstrip || rstrip || singleWord);
  const pieces = [...patterns(json.normalizer), ...patterns(json.pre_tokenizer)].map(
    (pattern) => `a${pattern}b ${pattern} ${pattern}${pattern}`,
  );
  const texts = flagged.map(({ content }) => `a${content}b  ${content}  c\n${content}\n\n d`);
  return [...pieces, ...texts]
    .filter((piece) => piece.length <= MAX_PIECE * 4)
    .slice(0, MAX_PIECES)
    .join(' e\n');
}

/** Texts that a part looks for, those of its parts included: as they stand, or what a regular expression spells out. */
function patterns(part: Json | undefined, depth = 0): string[] {
  if (Array.isArray(part)) {
    return part.flatMap((inner: Json) => patterns(inner, depth + 1));
  }
  if (!isObject(part) || depth > MAX_DEPTH) {
    return [];
  }
  const { pattern, delimiter, normalizers, pretokenizers } = part;
  const text = isObject(pattern) ? (pattern.String ?? literals(pattern.Regex)) : delimiter;
  return [
    ...(typeof text === 'string' && text !== '' && text.length <= MAX_PIECE ? [text] : []),
    ...patterns(normalizers, depth + 1),
    ...patterns(pretokenizers, depth + 1),
  ];
}

/** The characters of a regular expression that stand for themselves. */
function literals(regex: Json | undefined): string {
  return typeof regex === 'string'
    ? regex.replace(/\\[a-zA-Z](\{[^}]*\})?|\(\?\S|\{[\d,]*\}|[\\^$.*+?()[\]|]/g, '')
    : '';
}
