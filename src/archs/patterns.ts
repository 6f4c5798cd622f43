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
}

/** The rules of a family by the templates of their names. */
export type Patterns = ReadonlyMap<string, readonly Entry[]>;

const SUFFIXES = ['.weight', '.bias'];
const NUMBER = /^(0|[1-9]\d{0,8})$/;

export function compile({ tensors, blocks }: Pick<Architecture, 'tensors' | 'blocks'>): Patterns {
  const patterns = new Map<string, Entry[]>();
  const add = (pattern: string, rule: TensorRule, part: number): void => {
    if (pattern.includes('{L}')) {
      for (const block of blocks) {
        add(pattern.replace('{L}', block), rule, part);
      }
      return;
    }
    const stem = pattern.endsWith('.*') ? pattern.slice(0, -2) : pattern;
    for (const suffix of stem === pattern ? [''] : SUFFIXES) {
      const parts = (stem + suffix).split('.');
      const captured = parts.filter(isNumber);
      const numbers = captured.map((text) => (text === '{b}' ? 'b' : text === '{x}' ? 'x' : Number(text)));
      const template = parts.map((text) => (isNumber(text) ? '#' : text)).join('.');
      patterns.set(template, [...(patterns.get(template) ?? []), { rule, part, numbers, suffix }]);
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
  return patterns;
}

function isNumber(part: string): boolean {
  return part === '{b}' || part === '{x}' || NUMBER.test(part);
}

/** The rules whose pattern a name has. */
export function matches(patterns: Patterns, name: string): readonly Match[] {
  const parts = name.split('.');
  const found = parts.filter((part) => NUMBER.test(part)).map(Number);
  const entries = patterns.get(parts.map((part) => (NUMBER.test(part) ? '#' : part)).join('.'));
  const own = entries?.filter(({ numbers }) =>
    numbers.every((wanted, i) => wanted === 'b' || wanted === 'x' || wanted === found[i]),
  );
  return (own ?? []).map((entry) => ({
    ...entry,
    b: captured(entry, found, 'b'),
    x: captured(entry, found, 'x'),
  }));
}

function captured({ numbers }: Entry, found: readonly number[], wanted: 'b' | 'x'): number | null {
  const at = numbers.indexOf(wanted);
  return at === -1 ? null : (found[at] ?? null);
}
