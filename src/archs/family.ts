import type { TokenizerPlan } from '../tokenizer/plan.js';
import type { Architecture, Mtp, Probe, TensorRule } from './architecture.js';
import { Formulas, readCondition, readValue } from './formulas.js';
import { keyRows } from './key-rows.js';
import { tensorRules } from './tensor-rules.js';
import { BLOCKS, DROP, IGNORE, RENAME } from './text-model.js';

/** Lists of names, as words. A block's beginning with `+main_block_count` behind it stands behind as many others. */
type Words = 'blocks' | 'strip' | 'unwrap' | 'ignore' | 'drop' | 'ahead' | 'extra' | 'lastExtra' | 'files';

/**
 * Formulas; `keys` are lines as key-rows.ts reads them. Lines of `types` are `NAME TYPE`, with `when CONDITION` or without;
 * those of `probes` are `ID: WANT NAMES`, with `from VALUE` and `when CONDITION` or without.
 */
type Formula = 'when' | 'keys' | 'firstKeys' | 'blockLimit' | 'types' | 'probes';

type Worded<Plan, Name extends keyof Plan> = Omit<Plan, Name> & { readonly [Own in Name]?: string };

/** What a family says of itself, in texts that are read when they are asked for. */
export interface Short
  extends Readonly<Partial<Record<Words | Formula, string>>>,
    Pick<Architecture, 'denseModules' | 'target' | 'unproven'> {
  /** What it has where it says nothing, `unproven` aside; by itself what text models have in common. */
  readonly like?: Partial<Architecture>;
  /** Lines as tensor-rules.ts reads them, or what no line can say. */
  readonly tensors?: string | (() => readonly TensorRule[]);
  readonly rename?: Readonly<Record<string, string>>;
  readonly mtp?: Worded<Mtp, 'blocks' | 'names' | 'keep'>;
  /** A plan, or its kinds alone. */
  readonly tokenizer?: string | Worded<TokenizerPlan, 'before' | 'kinds' | 'between' | 'after'>;
}

type Readers = { readonly [Name in Exclude<keyof Short, 'like'>]-?: (own: NonNullable<Short[Name]>) => unknown };

const same = <Own>(own: Own): Own => own;

const READERS: Readers = {
  when: readCondition,
  keys: keyRows,
  firstKeys: keyRows,
  tensors: (own) => (typeof own === 'string' ? tensorRules(own) : own()),
  blocks: (own) =>
    words(own).map((word) => {
      const [begin = word, after] = word.split('+');
      return after === undefined ? word : { begin, after };
    }),
  blockLimit: readValue,
  ...{ strip: words, unwrap: words, ignore: words, drop: words, ahead: words },
  ...{ extra: words, lastExtra: words, files: words },
  rename: Object.entries,
  types: (own) =>
    lines(own, (line) => {
      const [, name = '', type = ''] = line.need(/(\S+) (\S+)/y, 'type');
      return [name, type, ...(line.take(/when\b/y) ? [line.condition()] : [])];
    }),
  probes: (own) =>
    lines(own, (line): Probe => {
      const [, id = '', want, of = ''] = line.need(/([^:]+): (\S+)((?: (?!from |when )\S+)+)/y, 'probe');
      const from = line.take(/from\b/y) ? { from: line.value() } : {};
      const when = line.take(/when\b/y) ? { when: line.condition() } : {};
      return { id, want: want as Probe['want'], of: words(of), ...from, ...when };
    }),
  mtp: ({ blocks = '', names, keep, ...rest }) => ({
    ...rest,
    blocks: readValue(blocks),
    ...(names && { names: words(names) }),
    ...(keep && { keep: words(keep) }),
  }),
  tokenizer: (own) =>
    typeof own === 'string'
      ? { kinds: words(own) }
      : Object.fromEntries(
          Object.entries(own).map(([name, value]) => [
            name,
            typeof value === 'string' && name !== 'addedTokens' ? words(value) : value,
          ]),
        ),
  ...{ denseModules: same, target: same, unproven: same },
};

/**
 * What text models have in common beside their tensors: `filter_tensors` and `prepare_tensors` of conversion/base.py. A
 * language model within another is taken out of it.
 */
const TEXT_MODEL = parts(
  'text models',
  { blocks: BLOCKS, strip: '', unwrap: 'language_model.', rename: RENAME, ignore: IGNORE, drop: DROP },
  {},
);

/**
 * A family. Its texts are read when a field is asked for, so that finding a model's family costs no more than it has to.
 * @param gguf `general.architecture`.
 * @param classes in `architectures` of config.json, separated by spaces.
 * @param example a released repository.
 */
export function family(gguf: string, classes: string, example: string, own: Short): Architecture {
  return parts(gguf, { like: TEXT_MODEL, ...own }, { classes: words(classes), gguf, example }) as Architecture;
}

/** What several families have in common. */
export function common(own: Short): Partial<Architecture> {
  return parts('what families share', { like: TEXT_MODEL, ...own }, {});
}

function parts(place: string, { like = {}, ...own }: Short, made: object): Partial<Architecture> {
  for (const name of Object.keys(READERS) as (keyof Readers)[]) {
    const given = own[name];
    const read = READERS[name] as (own: unknown) => unknown;
    if (given !== undefined) {
      lazily(made, name, () => located(`${name} of ${place}`, () => read(given)));
    } else if (name in like && name !== 'unproven') {
      lazily(made, name, () => like[name]);
    }
  }
  return made;
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

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function lines<Item>(text: string, read: (line: Formulas) => Item): Item[] {
  return text
    .split(/\n|; /)
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const formulas = new Formulas(line);
      const item = read(formulas);
      formulas.need(/$/y, 'end');
      return item;
    });
}
