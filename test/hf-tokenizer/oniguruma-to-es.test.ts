import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toRegExp } from 'oniguruma-to-es';
import { compileOniguruma } from '#src/hf-tokenizer/oniguruma.js';
import { splitText } from '#src/text/split.js';
import { fixtures } from '../paths.js';

// Another translator of the same syntax, by other authors. Where the two disagree one of them is wrong.

const { split: recorded } = JSON.parse(readFileSync(join(fixtures, 'tokenizer-encoder', 'patterns.json'), 'utf8')) as {
  split: [pattern: string, text: string, pieces: string[]][];
};
const TEXTS = ['aAb Bc ab12 3\n\r\n ab  é—ſk"\t', '🚀a\n🚀 🚀🚀', 'xxaxB\r\n\r\n', ...recorded.map(([, text]) => text)];

/** What the library reads otherwise than the records have it, besides words, for which it has other characters. */
const MISREAD: readonly string[] = ['a(?i)b|c', '(?m:.)+', 'x{2}?', 'x{2}?y'];
const WORDS = /\\[wWbB]/;

const patterns = new Set(recorded.map(([pattern]) => pattern));

test.each([...patterns].filter((pattern) => !MISREAD.includes(pattern) && !WORDS.test(pattern)))('%j', (pattern) => {
  expect(differing(pattern)).toEqual([]);
});

test('random patterns', () => {
  const random = generator(1);
  const made = Array.from({ length: 500 }, () => alternation(random, 2));
  expect(made.flatMap((pattern) => differing(pattern, 12).map((text) => [pattern, text]))).toEqual([]);
});

/** The first `count` texts that the two split differently. */
function differing(pattern: string, count = TEXTS.length): string[] {
  const [own, other] = [compileOniguruma(pattern), toRegExp(pattern, { global: true })];
  const pieces = (regexp: RegExp, text: string) => JSON.stringify(splitText(text, regexp, 'Isolated'));
  return TEXTS.slice(0, count).filter((text) => pieces(own, text) !== pieces(other, text));
}

type Random = (below: number) => number;

/** Whole numbers by a linear congruential generator: the same each time. */
function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ATOMS = [
  'a',
  'b',
  ' ',
  '\\n',
  '\\s',
  '\\S',
  '\\d',
  '\\h',
  '\\p{L}',
  '\\P{L}',
  '\\p{^N}',
  '[^\\s\\p{L}]',
  '[a-c&&[^b]]',
  '[[:punct:]]',
  '\\R',
  '^',
  '$',
  '\\A',
  '\\z',
  '\\Z',
];
const QUANTIFIERS = [
  '',
  '',
  '',
  '?',
  '*',
  '+',
  '??',
  '*?',
  '+?',
  '?+',
  '*+',
  '++',
  '{2}',
  '{1,2}',
  '{,2}',
  '{1,}',
  '{1,2}?',
  '{2}+',
];
/** What follows a group: repetitions of repetitions can take for ever. */
const AFTER_GROUPS = ['', '', '?', '??', '?+'];
const GROUPS = ['(', '(?:', '(?>', '(?i:', '(?=', '(?!', '(?<name>'];

function alternation(random: Random, depth: number): string {
  return Array.from({ length: 1 + random(2) }, () => sequence(random, depth)).join('|');
}

function sequence(random: Random, depth: number): string {
  return Array.from({ length: 1 + random(3) }, () => {
    if (depth > 0 && random(3) === 0) {
      const group = pick(random, GROUPS);
      return `${group}${alternation(random, depth - 1)})${/[=!]$/.test(group) ? '' : pick(random, AFTER_GROUPS)}`;
    }
    const atom = pick(random, ATOMS);
    return /^(?:[\^$]|\\[AzZ])/.test(atom) ? atom : atom + pick(random, QUANTIFIERS);
  }).join('');
}

function pick(random: Random, from: readonly string[]): string {
  return from[random(from.length)] ?? '';
}
