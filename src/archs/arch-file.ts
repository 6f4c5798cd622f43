import { z } from 'zod';
import { COUNTS, DERIVATIONS } from '../config/derivations.js';
import { parseJson } from '../json.js';
import { TRANSFORMS } from '../tensor/transforms.js';
import { KINDS } from '../tokenizer/kinds.js';
import { STEPS } from '../tokenizer/steps.js';
import type { Architecture, Condition } from './architecture.js';
import { EXTRA_TENSORS } from './extra-tensors.js';
import { ArchFileError } from './registry.js';

/** The names of a table, as what a field may be. */
function nameOf<Table extends object>(table: Table) {
  return z.enum(Object.keys(table) as [keyof Table & string]);
}

const text = z.string().min(1);
const texts = z.array(text);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const is = z.union([scalar, z.array(scalar)]);

const condition: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ field: text, is }),
    z.strictObject({ field: text, exists: z.boolean() }),
    z.strictObject({ derive: nameOf(DERIVATIONS), is }),
    z.strictObject({ probe: text, is: z.boolean() }),
    z.strictObject({ all: z.array(condition) }),
  ]),
);

const keyType = z.enum(['u32', 'f32', 'bool', 'string', 'i32[]', 'f32[]']);
const keyFrom = z.union([
  z.strictObject({
    fields: texts.min(1),
    of: z.enum(['rope', 'rope_root', 'rope_sliding']).exactOptional(),
    required: z.literal(true).exactOptional(),
  }),
  z.strictObject({ value: z.union([z.string(), z.number(), z.boolean()]) }),
  z.strictObject({ derive: nameOf(DERIVATIONS) }),
  z.strictObject({ probe: text }),
]);
const keyRow = z.union([z.tuple([text, keyType, keyFrom]), z.tuple([text, keyType, keyFrom, condition])]);

const transform = z.tuple([nameOf(TRANSFORMS)], z.union([z.number(), text]));
const tensorRule = z
  .strictObject({
    from: texts.min(1).exactOptional(),
    all: texts.min(1).exactOptional(),
    when: condition.exactOptional(),
    to: text.exactOptional(),
    via: z.array(transform).exactOptional(),
    each: nameOf(COUNTS).exactOptional(),
    group: text.exactOptional(),
  })
  .refine(({ from, all }) => (from === undefined) !== (all === undefined), 'needs either "from" or "all"')
  .refine(
    ({ from, all, to }) => [...(from ?? []), ...(all ?? [])].every((name) => hasBlock(name) || !hasBlock(to ?? '')),
    'has {b} in "to", and no block in its names',
  )
  .refine(
    ({ from, each }) => each === undefined || from?.every((name) => name.includes('{x}')),
    '"each" needs {x} in "from"',
  );

function hasBlock(name: string): boolean {
  return name.includes('{b}') || name.includes('{L}');
}

const architecture = z.strictObject({
  classes: texts.min(1),
  when: condition.exactOptional(),
  gguf: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'is no name of an architecture, such as "llama"'),
  example: z.string(),
  keys: z.array(keyRow),
  blocks: texts,
  strip: texts,
  unwrap: texts,
  ignore: texts,
  drop: texts,
  tensors: z.array(tensorRule),
  probes: z
    .array(z.strictObject({ id: text, want: z.enum(['values', 'zero', 'equal']), of: texts.min(1).max(2) }))
    .exactOptional(),
  extra: z.array(nameOf(EXTRA_TENSORS)).exactOptional(),
  tokenizer: z
    .strictObject({
      before: z.array(nameOf(STEPS)).exactOptional(),
      kinds: z.array(nameOf(KINDS)).min(1),
      after: z.array(nameOf(STEPS)).exactOptional(),
    })
    .exactOptional(),
}) satisfies z.ZodType<Architecture>;

/**
 * A family as `hf2gguf archs NAME --json` prints it.
 * @param file its name, for messages.
 * @throws ArchFileError that names the field which is wrong
 */
export function parseArchitectureFile(json: string, file: string): Architecture {
  const parsed = architecture.safeParse(parseJson(json, file));
  if (!parsed.success) {
    const { path, message } = deepest(parsed.error.issues);
    throw new ArchFileError(
      `${file} describes no family of models: ${path.length > 0 ? `${placeOf(path)}: ` : ''}${message}.`,
      'Start from what "hf2gguf archs NAME --json" prints of a family that is alike.',
    );
  }
  return parsed.data;
}

type Issue = z.core.$ZodIssue;

/** The issue furthest within; of a choice of forms, in the form that has the keys which are there. */
function deepest(issues: readonly Issue[]): Pick<Issue, 'path' | 'message'> {
  const all = issues.map((issue) => {
    const forms = issue.code === 'invalid_union' ? issue.errors.filter((form) => form.length > 0) : [];
    const own = forms.filter((form) => !form.some(({ code }) => code === 'unrecognized_keys'));
    const inner = (own.length > 0 ? own : forms).flat();
    return inner.length > 0 ? { ...deepest(inner), path: [...issue.path, ...deepest(inner).path] } : issue;
  });
  return all.reduce((best, issue) => (issue.path.length > best.path.length ? issue : best));
}

function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}
