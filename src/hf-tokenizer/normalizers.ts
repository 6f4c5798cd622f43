import { isObject, type Json, type JsonObject } from '../json.js';
import { booleanField, checkLength, component, malformed, sequence, stringField, unsupported } from './fields.js';
import { compileOniguruma } from './oniguruma.js';
import { literal } from './oniguruma-syntax.js';
import { precompiled } from './precompiled.js';

export type Normalizer = (text: string) => string;

type Build = (fields: JsonObject, where: string, depth: number) => Normalizer;

const BUILDERS: Readonly<Record<string, Build>> = {
  Sequence: (fields, where, depth) => {
    const members = sequence(fields, 'normalizers', where, depth).map((member) => buildNormalizer(member, depth + 1));
    return (text) =>
      members.reduce((given, member) => {
        const result = member(given);
        checkLength(result.length, where);
        return result;
      }, text);
  },
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Lowercase: () => lowercase,
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Nmt: () => nmt,
  Strip: (fields, where) => {
    const left = booleanField(fields, 'strip_left', where, true);
    const right = booleanField(fields, 'strip_right', where, true);
    return (text) => {
      const stripped = left ? text.replace(/^\p{White_Space}+/u, '') : text;
      return right ? stripped.replace(/(?<!\p{White_Space})\p{White_Space}+$/u, '') : stripped;
    };
  },
  Prepend: (fields, where) => {
    const prefix = stringField(fields, 'prepend', where);
    return (text) => (text === '' ? text : prefix + text);
  },
  Replace: (fields, where) => replacer(fields, where),
  BertNormalizer: bertNormalizer,
  Precompiled: (fields, where) =>
    precompiled(stringField(fields, 'precompiled_charsmap', where, undefined, { most: MAX_CHARSMAP })),
};

/** The most characters of a `precompiled_charsmap`. That of XLM-R has some 320,000. */
const MAX_CHARSMAP = 2 ** 22;

/** Builds the `normalizer` of tokenizer.json. Null makes one that changes nothing. */
export function buildNormalizer(value: Json | undefined, depth = 0): Normalizer {
  if (value === undefined || value === null) {
    return (text) => text;
  }
  const { type, fields } = component(value, 'normalizer');
  const build = Object.hasOwn(BUILDERS, type) ? BUILDERS[type] : undefined;
  if (!build) {
    throw unsupported(`the normalizer ${type}`);
  }
  return build(fields, `normalizer ${type}`, depth);
}

/** Compiles a pattern `{ "String": … }` or `{ "Regex": … }`. */
export function patternOf(fields: JsonObject, where: string): RegExp {
  const pattern = fields.pattern;
  if (isObject(pattern) && typeof pattern.String === 'string') {
    const text = stringField(pattern, 'String', `${where}.pattern`);
    return new RegExp(Array.from(text, literal).join(''), 'gv');
  }
  if (isObject(pattern) && typeof pattern.Regex === 'string') {
    return compileOniguruma(pattern.Regex);
  }
  throw malformed(`${where}.pattern is neither a String nor a Regex`);
}

/** Builds a `Replace`. The replacement is literal: `$1` has no meaning. */
export function replacer(fields: JsonObject, where: string): Normalizer {
  const pattern = patternOf(fields, where);
  const content = stringField(fields, 'content', where);
  return (text) => {
    let added = 0;
    return text.replace(pattern, () => {
      added += content.length;
      checkLength(added, where);
      return content;
    });
  };
}

/** Lower case letter by letter: a final sigma is like any other sigma. */
function lowercase(text: string): string {
  return text
    .split('Σ')
    .map((part) => part.toLowerCase())
    .join('σ');
}

/** The nmt rules of sentencepiece: control characters are removed, and unusual spaces become spaces. */
function nmt(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are removed
      .replace(/[\u{1}-\u{8}\u{b}\u{e}-\u{1f}\u{7f}\u{8f}\u{9f}]/gu, '')
      .replace(/[\t\n\f\r\u{1680}\u{200b}-\u{200f}\u{2028}\u{2029}\u{2581}\u{feff}\u{fffd}]/gu, ' ')
  );
}

const CONTROL = /[\0\u{fffd}]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu;
const CJK =
  /[\u{4e00}-\u{9fff}\u{3400}-\u{4dbf}\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{f900}-\u{faff}\u{2f800}-\u{2fa1f}]/gu;

function bertNormalizer(fields: JsonObject, where: string): Normalizer {
  const lower = booleanField(fields, 'lowercase', where, true);
  const steps: [boolean, Normalizer][] = [
    [
      booleanField(fields, 'clean_text', where, true),
      (text) => text.replace(CONTROL, '').replace(/\p{White_Space}/gu, ' '),
    ],
    [booleanField(fields, 'handle_chinese_chars', where, true), (text) => text.replace(CJK, ' $& ')],
    [booleanField(fields, 'strip_accents', where, lower), (text) => text.normalize('NFD').replace(/\p{Mn}/gu, '')],
    [lower, lowercase],
  ];
  const used = steps.filter(([on]) => on).map(([, step]) => step);
  return (text) => used.reduce((result, step) => step(result), text);
}
