import { Formulas, readCondition, readValue } from '../language/formulas.js';
import type { Architecture, Probe } from './architecture.js';
import { keyRows } from './key-rows.js';
import { tensorRules } from './tensor-rules.js';
import { expanded } from './texts.js';

/** What a family may have beside its names and its repository. */
type Part = Exclude<keyof Architecture, 'gguf' | 'classes' | 'example' | 'unproven'>;

type Readers<Name extends string> = Readonly<Record<Name, (text: string, before?: readonly never[]) => unknown>>;

const same = (text: string): string => text;

/** How the options of `mtp` and `tokenizer` are read. */
const OPTIONS: Readers<string> = {
  ...{ blocks: readValue, counted: same, names: words, keep: words, convert: same },
  ...{ instead: () => true, plainName: () => true },
  ...{ kinds: words, before: words, between: words, after: words, addedTokens: same, mayLackPadding: () => true },
  roles: (text) => Object.fromEntries(pairs(text).map(([role, token]) => [role, numberOr(token)])),
  multiple: (text) => (text.includes(' ') ? words(text).map(numberOr) : Number(text)),
};

const PARTS: Readers<Part> = {
  when: readCondition,
  ...{ keys: keyRows, firstKeys: keyRows, tensors: tensorRules },
  ...{ strip: words, unwrap: words, ignore: words, drop: words, ahead: words },
  ...{ extra: words, lastExtra: words, files: words },
  blocks: (text) =>
    words(text).map((word) => {
      const [begin = word, after] = word.split('+');
      return after === undefined ? word : { begin, after };
    }),
  blockLimit: readValue,
  rename: (text) => split(text, /,\s/).map((item) => item.trim().split(/\s*=\s*/)),
  types: (text) =>
    lines(text, (line) => {
      const [, name = '', type = ''] = line.need(/(\S+) (\S+)/y, 'type');
      return [name, type, ...(line.take(/when\b/y) ? [line.condition()] : [])];
    }),
  probes: (text) =>
    lines(text, (line): Probe => {
      const [, id = '', want, of = ''] = line.need(/([^:]+): (\S+)((?: (?!from |when )\S+)+)/y, 'probe');
      const from = line.take(/from\b/y) ? { from: line.value() } : {};
      const when = line.take(/when\b/y) ? { when: line.condition() } : {};
      return { id, want: want as Probe['want'], of: words(of), ...from, ...when };
    }),
  mtp: options,
  tokenizer: (text) => options(`kinds ${text}`),
  denseModules: (text) => text === 'all' || text,
  target: same,
};

const COMMENT = /^\s*# .*\n/gm;
/** What a family is like. */
const BEFORE = /^(?:\s*like\s+@(\d+))?(\s+unproven)?(.*)$/s;
const HEAD = /^([^\s:]+): ([^()]+)\((\S+)\)/;
const PART = new RegExp(`(?:^|\\n|; )\\s*(${Object.keys(PARTS).join('|')}):`);

/** What may stand in a family's text: texts, and what it is like. */
type Given = string | number | Partial<Architecture>;

/**
 * A family, from a text: `general.architecture`, the names in `architectures` of config.json, and a released
 * repository; then its parts, a line or a `;` apart:
 *
 *   llama-embed: LlamaBidirectionalModel (nvidia/llama-embed-nemotron-8b) like ${llama} unproven
 *     keys:       rows as key-rows.ts reads them; so are those of `firstKeys`
 *     tensors:    lines as tensor-rules.ts reads them
 *     when:       a condition, as formulas.ts reads it; `blockLimit` is a value
 *     strip: ignore: drop: extra: ...      words; in `blocks`, one with `+main_block_count` is behind as many others
 *     rename:     .gamma = .weight, .beta = .bias
 *     types:      lines `NAME TYPE`, with `when CONDITION` or without
 *     probes:     lines `ID: WANT NAMES`, with `from VALUE` and `when CONDITION` or without
 *     mtp:        blocks VALUE, names WORDS, keep WORDS ...       options of the plan
 *     tokenizer:  bpe, after add-bos, roles eot <|user|>          kinds, then other options of the plan
 *
 * What it says nothing of, `unproven` aside, it has from the one that it is `like`, or from what text models have in
 * common; where a part begins with `+`, what it says stands behind what it has from there. `$NAME` is a text of
 * texts.ts. Parts are read when they are asked for, so that finding a model's family costs no more than it has to.
 * @throws SyntaxError that says where the text is
 */
export function family(text: TemplateStringsArray, ...given: Given[]): Architecture {
  const all = whole(text, given);
  const [head, gguf = '', classes = '', example = ''] = HEAD.exec(all) ?? [];
  if (head === undefined) {
    throw new SyntaxError(`A family begins with "GGUF: CLASSES (REPOSITORY)", and not with "${all.slice(0, 40)}".`);
  }
  return parts(gguf, all.slice(head.length), given, { classes: words(classes), gguf, example }) as Architecture;
}

/** What several families have in common: parts alone. */
export function common(text: TemplateStringsArray, ...given: Given[]): Partial<Architecture> {
  return parts('what families share', whole(text, given), given, {});
}

/** The text with what is given in it; in the place of what is no text stands its number. */
function whole(text: TemplateStringsArray, given: readonly Given[]): string {
  return String.raw({ raw: text }, ...given.map((each, i) => (typeof each === 'object' ? `@${i}` : each)));
}

function parts(place: string, text: string, given: readonly Given[], made: object): Partial<Architecture> {
  const [, like, unproven, rest = ''] = BEFORE.exec(text.replaceAll(COMMENT, '')) ?? [];
  const base = like === undefined ? TEXT_MODEL : (given[Number(like)] as Partial<Architecture>);
  const [before = '', ...found] = rest.split(PART);
  if (before.trim() !== '') {
    throw new SyntaxError(`${place} has no part called "${before.trim().slice(0, 40)}".`);
  }
  if (unproven) {
    Object.assign(made, { unproven: true });
  }
  const texts = new Map(found.flatMap((name, i) => (i % 2 ? [] : [[name, (found[i + 1] ?? '').trim()] as const])));
  for (const name of Object.keys(PARTS) as Part[]) {
    const own = texts.get(name);
    if (own !== undefined) {
      lazily(made, name, () => located(`${name} of ${place}`, () => partOf(name, expanded(own), base)));
    } else if (name in base) {
      lazily(made, name, () => base[name]);
    }
  }
  return made;
}

/** What a part says, behind that of `base` if it begins with `+`. */
function partOf(name: Part, text: string, base: Partial<Architecture>): unknown {
  if (!text.startsWith('+')) {
    return PARTS[name](text);
  }
  const before = (base[name] ?? []) as readonly never[];
  const own = PARTS[name](text.slice(1), before) as readonly unknown[];
  return PARTS[name] === keyRows ? own : [...before, ...own];
}

/** A field that is made when it is read first. */
function lazily(of: object, name: string, make: () => unknown): void {
  const own = { enumerable: true, configurable: true };
  const get = () => {
    const value = make();
    Object.defineProperty(of, name, { ...own, value });
    return value;
  };
  Object.defineProperty(of, name, { ...own, get });
}

/** @throws SyntaxError that says where the text is. */
function located<Read>(place: string, read: () => Read): Read {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof SyntaxError ? new SyntaxError(`${place}: ${cause.message}`, { cause }) : cause;
  }
}

function split(text: string, between: RegExp): string[] {
  return text.split(between).filter((item) => item.trim() !== '');
}

function words(text: string): string[] {
  return split(text, /\s+/);
}

function pairs(text: string): [string, string][] {
  return [...text.matchAll(/(\S+)\s+(\S+)/g)].map(([, first = '', second = '']) => [first, second]);
}

function numberOr(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** Options a comma apart, each a name and what it is. Of two with a name the later one holds. */
function options(text: string): object {
  return Object.fromEntries(
    split(text, /,\s/).map((item) => {
      const [, name = '', own = ''] = /^(\S+)\s*(.*)$/s.exec(item.trim()) ?? [];
      const read = OPTIONS[name];
      if (read === undefined) {
        throw new SyntaxError(`There is no option called "${name}".`);
      }
      return [name, read(own)];
    }),
  );
}

function lines<Item>(text: string, read: (line: Formulas) => Item): Item[] {
  return split(text, /\n|; /).map((line) => {
    const formulas = new Formulas(line);
    const item = read(formulas);
    formulas.need(/$/y, 'end');
    return item;
  });
}

/**
 * What text models have in common beside their tensors: `TextModel.set_gguf_parameters`, `filter_tensors` and
 * `prepare_tensors` of conversion/base.py. A language model within another is taken out of it.
 */
const TEXT_MODEL: Partial<Architecture> = common`like ${{}}
  keys: $TEXT_KEYS
  blocks: $BLOCKS
  strip: ; unwrap: language_model.; rename: $RENAME
  ignore: $IGNORE
  drop: $DROP`;
