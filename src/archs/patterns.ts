import type { CountName } from '../config/derivations.js';
import type { Architecture, TensorRule } from './architecture.js';

/** A name that a rule is for, found by its template: the name with `#` in the place of each number. */
export interface Entry {
  readonly rule: TensorRule;
  /** Which tensor of `TensorRule.all` it is. */
  readonly part: number;
  /** What the numbers are: a block's, another one, or a literal that has to be there. */
  readonly numbers: readonly ('b' | 'x' | number)[];
  readonly suffix: string;
}

/** What a name says: whose rule it is, and the numbers in it. */
export interface Match extends Entry {
  readonly b: number | null;
  readonly x: number | null;
  /** How many blocks stand before those that the name counts. */
  readonly after?: CountName;
}

/** The rules of a family by the templates of their names, and what blocks' names begin with, as templates. */
export interface Patterns {
  /** Names within a block stand under `{L}.` and what follows the block's own name. */
  readonly byTemplate: ReadonlyMap<string, readonly Entry[]>;
  /** How many blocks stand before those with this beginning. */
  readonly blocks: ReadonlyMap<string, CountName | undefined>;
}

const SUFFIXES = ['.weight', '.bias', ''];
const NUMBER = /^(0|[1-9]\d{0,8})$/;
const BLOCK = '{L}.';

export function compile({ tensors, blocks }: Pick<Architecture, 'tensors' | 'blocks'>): Patterns {
  const byTemplate = new Map<string, Entry[]>();
  const add = (pattern: string, rule: TensorRule, part: number): void => {
    const stem = pattern.endsWith('.*') ? pattern.slice(0, -2) : pattern;
    for (const suffix of stem === pattern ? [''] : SUFFIXES) {
      const parts = (stem + suffix).split('.');
      const captured = parts.filter(isNumber);
      const numbers = captured.map((text) => (text === '{b}' ? 'b' : text === '{x}' ? 'x' : Number(text)));
      const template = parts.map((text) => (isNumber(text) ? '#' : text)).join('.');
      const entries = byTemplate.get(template) ?? [];
      entries.push({ rule, part, numbers, suffix });
      byTemplate.set(template, entries);
    }
  };
  for (const rule of tensors) {
    for (const pattern of rule.from ?? []) {
      add(pattern, rule, 0);
    }
    rule.all?.forEach((pattern, part) => {
      add(pattern, rule, part);
    });
  }
  const begins = blocks.map((block) => (typeof block === 'string' ? { begin: block, after: undefined } : block));
  return { byTemplate, blocks: new Map(begins.map(({ begin, after }) => [begin.replace('{b}', '#'), after])) };
}

function isNumber(part: string): boolean {
  return part === '{b}' || part === '{x}' || NUMBER.test(part);
}

/** The rules whose pattern a name has. */
export function matches({ byTemplate, blocks }: Patterns, name: string): readonly Match[] {
  const parts = name.split('.');
  const template = parts.map((part) => (NUMBER.test(part) ? '#' : part));
  const numbers = parts.filter((part) => NUMBER.test(part)).map(Number);
  const whole = entriesOf(byTemplate, template.join('.'), numbers);
  const found = whole.map((entry) => ({
    ...entry,
    b: captured(entry, numbers, 'b'),
    x: captured(entry, numbers, 'x'),
  }));
  // The block's own number is the first one or a later one: whichever ends a known beginning.
  let before = 0;
  for (let end = 1; end < template.length; end++) {
    if (template[end - 1] !== '#') {
      continue;
    }
    const begin = template.slice(0, end).join('.');
    if (blocks.has(begin)) {
      const b = numbers[before] ?? null;
      const rest = numbers.slice(before + 1);
      const after = blocks.get(begin);
      for (const entry of entriesOf(byTemplate, BLOCK + template.slice(end).join('.'), rest)) {
        found.push({ ...entry, b, x: captured(entry, rest, 'x'), ...(after && { after }) });
      }
    }
    before++;
  }
  return found;
}

function entriesOf(byTemplate: Patterns['byTemplate'], template: string, found: readonly number[]): readonly Entry[] {
  const entries = byTemplate.get(template) ?? [];
  return entries.filter(({ numbers }) =>
    numbers.every((wanted, i) => wanted === 'b' || wanted === 'x' || wanted === found[i]),
  );
}

function captured({ numbers }: Entry, found: readonly number[], wanted: 'b' | 'x'): number | null {
  const at = numbers.indexOf(wanted);
  return at === -1 ? null : (found[at] ?? null);
}
