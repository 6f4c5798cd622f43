import type { Json, JsonObject } from '../json.js';
import { toByteChars } from '../text/byte-level.js';
import { BEHAVIOURS, type Behaviour, splitText } from '../text/split.js';
import { booleanField, checkLength, component, malformed, sequence, stringField, unsupported } from './fields.js';
import { patternOf } from './normalizers.js';

/** Cuts a piece of a text. @param first whether the piece is at the start of the text. */
export type PreTokenizer = (piece: string, first: boolean) => string[];

type Build = (fields: JsonObject, where: string, depth: number) => PreTokenizer;

/** The pattern of GPT-2's words, in Oniguruma's syntax. */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const GPT2_WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const WORD_OR_SIGNS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
const SPACE = /\p{White_Space}/gu;
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;

const BUILDERS: Readonly<Record<string, Build>> = {
  Sequence: (fields, where, depth) => {
    const members = sequence(fields, 'pretokenizers', where, depth).map((m) => buildPreTokenizer(m, depth + 1));
    return (piece, first) => members.reduce((pieces, member) => each(pieces, member, first, where), [piece]);
  },
  Split: (fields, where) => {
    const pattern = patternOf(fields, where);
    const behaviour = behaviourOf(fields, where);
    const invert = booleanField(fields, 'invert', where, false);
    return (piece) => splitText(piece, pattern, behaviour, invert);
  },
  ByteLevel: (fields, where) => {
    const prefix = booleanField(fields, 'add_prefix_space', where, true);
    const words = booleanField(fields, 'use_regex', where, true);
    return (piece) => {
      const spaced = prefix && !piece.startsWith(' ') ? ` ${piece}` : piece;
      return (words ? splitText(spaced, GPT2_WORDS, 'Isolated') : [spaced]).map(toByteChars);
    };
  },
  Digits: (fields, where) => {
    const behaviour = booleanField(fields, 'individual_digits', where, false) ? 'Isolated' : 'Contiguous';
    return (piece) => splitText(piece, /\p{N}/gu, behaviour);
  },
  Whitespace: () => (piece) => splitText(piece, WORD_OR_SIGNS, 'Removed', true),
  WhitespaceSplit: () => (piece) => splitText(piece, SPACE, 'Removed'),
  Punctuation: (fields, where) => {
    const behaviour = fields.behavior === undefined ? 'Isolated' : behaviourOf(fields, where);
    return (piece) => splitText(piece, PUNCTUATION, behaviour);
  },
  BertPreTokenizer: () => (piece) =>
    splitText(piece, SPACE, 'Removed').flatMap((word) => splitText(word, PUNCTUATION, 'Isolated')),
  Metaspace: metaspace,
};

/** Builds the `pre_tokenizer` of tokenizer.json. Null makes one that does not cut. */
export function buildPreTokenizer(value: Json | undefined, depth = 0): PreTokenizer {
  if (value === undefined || value === null) {
    return (piece) => [piece];
  }
  const { type, fields } = component(value, 'pre_tokenizer');
  const build = Object.hasOwn(BUILDERS, type) ? BUILDERS[type] : undefined;
  if (!build) {
    throw unsupported(`the pre-tokenizer ${type}`);
  }
  return build(fields, `pre_tokenizer ${type}`, depth);
}

function each(pieces: readonly string[], member: PreTokenizer, first: boolean, where: string): string[] {
  const result: string[] = [];
  let length = 0;
  pieces.forEach((piece, i) => {
    for (const part of member(piece, first && i === 0)) {
      length += part.length;
      checkLength(length, where);
      result.push(part);
    }
  });
  return result;
}

function behaviourOf(fields: JsonObject, where: string): Behaviour {
  const name = stringField(fields, 'behavior', where);
  const behaviour = BEHAVIOURS.find((known) => known === name);
  if (!behaviour) {
    throw malformed(`${where}.behavior is ${name}`);
  }
  return behaviour;
}

/** Builds a Metaspace. Older files have `add_prefix_space`, newer ones `prepend_scheme`. */
function metaspace(fields: JsonObject, where: string): PreTokenizer {
  const mark = stringField(fields, 'replacement', where, '▁');
  const older = booleanField(fields, 'add_prefix_space', where, true) ? 'always' : 'never';
  const scheme = stringField(fields, 'prepend_scheme', where, older);
  const splits = booleanField(fields, 'split', where, true);
  if (!['always', 'first', 'never'].includes(scheme) || [...mark].length !== 1) {
    throw malformed(`${where} has the prepend_scheme ${scheme} and the replacement ${mark}`);
  }
  const pattern = new RegExp(`\\u{${mark.codePointAt(0)?.toString(16)}}`, 'gu');
  return (piece, first) => {
    const marked = piece.replaceAll(' ', mark);
    const prepends = (scheme === 'always' || (scheme === 'first' && first)) && !marked.startsWith(mark);
    const text = prepends ? mark + marked : marked;
    return splits ? splitText(text, pattern, 'MergedWithNext') : [text];
  };
}
