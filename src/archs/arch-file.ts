import * as v from 'valibot';
import { COUNTS, DERIVATIONS } from '../config/derivations.js';
import { parseJson } from '../json.js';
import { TRANSFORMS } from '../tensor/transforms.js';
import { KINDS } from '../tokenizer/kinds.js';
import { STEPS } from '../tokenizer/steps.js';
import type { Architecture, Condition, LayerTest, Value } from './architecture.js';
import { EXTRA_TENSORS } from './extra-tensors.js';
import { ArchFileError } from './registry.js';

/** The names of a table, as what a field may be. */
function nameOf<Table extends object>(table: Table) {
  return v.picklist(Object.keys(table) as (keyof Table & string)[]);
}

const text = v.pipe(v.string(), v.nonEmpty());
const texts = v.array(text);
const some = v.pipe(texts, v.nonEmpty());
const derivation = nameOf({ ...COUNTS, ...DERIVATIONS });
const scalar = v.union([v.string(), v.number(), v.boolean(), v.null()]);
const is = v.union([scalar, v.array(scalar)]);

const value: v.GenericSchema<Value> = v.lazy(() =>
  v.union([
    v.strictObject({
      fields: some,
      of: v.exactOptional(v.union([v.picklist(['rope', 'rope_root', 'rope_sliding', 'target']), some])),
      required: v.exactOptional(v.literal(true)),
      or: v.exactOptional(v.union([v.string(), v.number(), v.boolean()])),
    }),
    v.strictObject({ value: v.union([v.string(), v.number(), v.boolean(), v.array(v.number()), v.array(v.string())]) }),
    v.strictObject({ derive: derivation }),
    v.strictObject({ block: v.literal(true) }),
    v.strictObject({ element: v.number(), of: value }),
    v.strictObject({ probe: text, required: v.exactOptional(v.literal(true)) }),
    v.strictObject({ first: v.array(value) }),
    v.strictObject({
      math: v.picklist(['add', 'sub', 'mul', 'div', 'quotient', 'pow', 'min', 'max']),
      of: v.pipe(v.array(value), v.nonEmpty()),
    }),
    v.strictObject({ layers: layerTest, yes: v.exactOptional(value), no: v.exactOptional(value) }),
  ]),
);

const layerTest: v.GenericSchema<LayerTest> = v.lazy(() =>
  v.union([
    v.strictObject({ list: value, is }),
    v.strictObject({ every: value, after: v.exactOptional(v.union([v.number(), value])) }),
    v.strictObject({ from: value }),
    v.strictObject({ among: value, after: v.exactOptional(v.number()) }),
    v.strictObject({ not: layerTest }),
  ]),
);

const condition: v.GenericSchema<Condition> = v.lazy(() =>
  v.union([
    v.strictObject({ field: text, is }),
    v.strictObject({ field: text, exists: v.boolean() }),
    v.strictObject({ derive: derivation, is }),
    v.strictObject({ value, is }),
    v.strictObject({ value, above: v.number() }),
    v.strictObject({ set: value }),
    v.strictObject({ probe: text, is: v.boolean() }),
    v.strictObject({ not: condition }),
    v.strictObject({ all: v.array(condition) }),
    v.strictObject({ any: v.array(condition) }),
  ]),
);

const keyType = v.picklist([
  ...(['u32', 'i32', 'f32', 'bool', 'string', 'u32|i32[]', 'i32[]', 'f32[]', 'u64[]', 'bool[]', 'string[]'] as const),
]);
const keyRow = v.union([v.strictTuple([text, keyType, value]), v.strictTuple([text, keyType, value, condition])]);

const hasBlock = (name: string) => name.includes('{b}') || name.includes('{L}');
const transform = v.tupleWithRest([nameOf(TRANSFORMS)], v.union([v.number(), text, value]));
const tensorRule = v.pipe(
  v.strictObject({
    from: v.exactOptional(some),
    all: v.exactOptional(some),
    when: v.exactOptional(condition),
    on: v.exactOptional(layerTest),
    to: v.exactOptional(text),
    via: v.exactOptional(v.array(transform)),
    each: v.exactOptional(nameOf(COUNTS)),
    first: v.exactOptional(v.literal(true)),
    group: v.exactOptional(text),
  }),
  v.check(({ from, all }) => (from === undefined) !== (all === undefined), 'needs either "from" or "all"'),
  v.check(
    ({ from, all, to }) => [...(from ?? []), ...(all ?? [])].every((name) => hasBlock(name) || !hasBlock(to ?? '')),
    'has {b} in "to", and no block in its names',
  ),
  v.check(
    ({ from, each }) => each === undefined || (from ?? []).every((name) => name.includes('{x}')),
    '"each" needs {x} in "from"',
  ),
);

const steps = v.array(nameOf(STEPS));
const probe = v.strictObject({
  id: text,
  want: v.picklist(['values', 'averages', 'integers', 'mean', 'norms', 'shape', 'zero', 'equal', 'zero-rows', 'there']),
  of: some,
  from: v.exactOptional(value),
  when: v.exactOptional(condition),
});

const forced = v.picklist(['F32', 'F16', 'Q8_0', 'float', 'outtype']);

const architecture = v.strictObject({
  classes: some,
  when: v.exactOptional(condition),
  gguf: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/, 'is no name of an architecture, such as "llama"')),
  example: v.string(),
  keys: v.array(keyRow),
  firstKeys: v.exactOptional(v.array(keyRow)),
  blocks: v.array(v.union([text, v.strictObject({ begin: text, after: nameOf(COUNTS) })])),
  blockLimit: v.exactOptional(value),
  strip: texts,
  unwrap: texts,
  rename: v.exactOptional(v.array(v.strictTuple([text, v.string()]))),
  ignore: texts,
  drop: texts,
  ahead: v.exactOptional(texts),
  tensors: v.array(tensorRule),
  types: v.exactOptional(v.array(v.union([v.strictTuple([text, forced]), v.strictTuple([text, forced, condition])]))),
  probes: v.exactOptional(v.array(probe)),
  extra: v.exactOptional(v.array(nameOf(EXTRA_TENSORS))),
  files: v.exactOptional(texts),
  denseModules: v.exactOptional(v.union([v.literal(true), text])),
  mtp: v.exactOptional(
    v.strictObject({
      blocks: value,
      counted: v.exactOptional(text),
      names: v.exactOptional(texts),
      keep: v.exactOptional(texts),
      convert: v.exactOptional(v.picklist(['alone', 'never'])),
      instead: v.exactOptional(v.literal(true)),
      plainName: v.exactOptional(v.literal(true)),
    }),
  ),
  lastExtra: v.exactOptional(v.array(nameOf(EXTRA_TENSORS))),
  target: v.exactOptional(v.picklist(['files', 'family'])),
  tokenizer: v.exactOptional(
    v.strictObject({
      before: v.exactOptional(steps),
      kinds: v.pipe(v.array(nameOf(KINDS)), v.nonEmpty()),
      multiple: v.exactOptional(v.union([v.number(), v.strictTuple([text, v.number()])])),
      between: v.exactOptional(steps),
      after: v.exactOptional(steps),
      roles: v.exactOptional(v.record(text, v.union([text, v.number()]))),
      addedTokens: v.exactOptional(v.literal('as-they-are')),
      mayLackPadding: v.exactOptional(v.literal(true)),
    }),
  ),
  unproven: v.exactOptional(v.literal(true)),
}) satisfies v.GenericSchema<Architecture>;

/**
 * A family as `hf2gguf archs NAME --json` prints it.
 * @param file its name, for messages.
 * @throws ArchFileError that names the field which is wrong
 */
export function parseArchitectureFile(json: string, file: string): Architecture {
  const parsed = v.safeParse(architecture, parseJson(json, file));
  if (!parsed.success) {
    const { path, message } = deepest(parsed.issues);
    throw new ArchFileError(
      `${file} describes no family of models: ${path.length > 0 ? `${placeOf(path)}: ` : ''}${message}.`,
      'Start from what "hf2gguf archs NAME --json" prints of a family that is alike.',
    );
  }
  return parsed.output;
}

type Issue = v.BaseIssue<unknown>;

/** The issue furthest within; of a choice of forms, in a form that has the keys which are there. */
function deepest(issues: readonly Issue[]): { readonly path: readonly unknown[]; readonly message: string } {
  const all = issues.map(({ path = [], message, expected, issues: forms = [] }) => {
    const known = forms.filter(({ type }) => type !== 'strict_object');
    const inner = forms.length > 0 ? deepest(known.length > 0 ? known : forms) : undefined;
    const own = expected === 'never' ? 'there is no such field' : message;
    return { path: [...path.map(({ key }) => key), ...(inner?.path ?? [])], message: inner?.message ?? own };
  });
  return all.reduce((best, issue) => (issue.path.length > best.path.length ? issue : best));
}

function placeOf(path: readonly unknown[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${part}`)).join('');
}
