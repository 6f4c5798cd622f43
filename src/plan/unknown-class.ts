import type { Architecture } from '../archs/architecture.js';
import { ownTensors } from '../archs/map-tensors.js';
import { compile, matches } from '../archs/patterns.js';
import { ARCHITECTURES, MAX_NAME, UnsupportedArchitectureError } from '../archs/registry.js';
import { transformed } from '../archs/transform.js';
import { writeKeys } from '../archs/write-keys.js';
import type { Known } from '../config/config.js';
import { holds } from '../config/values.js';
import { Hf2ggufError } from '../errors.js';
import { KeyValues } from '../gguf/key-values.js';
import type { NamedExpr } from '../tensor/expr.js';
import { shapeOf } from '../tensor/rows.js';
import { globs } from '../text/globs.js';

/** The most families and tensors that a message names. */
const MAX_NAMED = 16;

/**
 * What is said of an unknown class when its checkpoint's headers are there: the families that have a place for every
 * tensor, or else the nearest one and what it has none for; undefined where config.json lacks what any family needs.
 */
export function unknownClass(known: Known, tensors: Iterable<NamedExpr>): UnsupportedArchitectureError | undefined {
  const name = known.config.architecture.slice(0, MAX_NAME);
  const all = fits(known, tensors);
  const fitting = all.filter(({ misfits }) => misfits.length === 0).map(({ architecture }) => architecture.gguf);
  const [first, ...others] = [...new Set(fitting)].slice(0, MAX_NAMED);
  if (first !== undefined) {
    const also = others.length > 0 ? ` (or else ${others.join(', ')})` : '';
    return new UnsupportedArchitectureError(
      `The architecture ${name} is not supported, but its tensors fit ${first}${also}.`,
      `If the model computes alike, try --arch ${first}; what it writes is right only then.`,
    );
  }
  const [nearest] = all;
  if (nearest === undefined) {
    return undefined;
  }
  const { architecture, misfits } = nearest;
  const more = misfits.length > MAX_NAMED ? ` and ${misfits.length - MAX_NAMED} more` : '';
  return new UnsupportedArchitectureError(
    `The architecture ${name} is not supported. ${architecture.gguf} is nearest, but has no place for ${misfits.slice(0, MAX_NAMED).join(', ')}${more}.`,
    `A family can be described in a file for --arch-file; start from "hf2gguf archs ${architecture.gguf} --json".`,
  );
}

/** How well a family's tables suit the checkpoint. */
interface Fit {
  readonly architecture: Architecture;
  /** Names that the family has no place for, or whose shape is another than config.json gives them. */
  readonly misfits: readonly string[];
  /** How many rules find no tensor. */
  readonly missing: number;
}

/**
 * How families suit a checkpoint, by its names and shapes, best first; of families that suit it alike, the one with most
 * classes is the likeliest. One tensor stands for all whose names differ in numbers alone, so a large checkpoint costs as
 * little as a small one.
 */
function fits(known: Known, tensors: Iterable<NamedExpr>): readonly Fit[] {
  const kinds = new Map<string, NamedExpr>();
  for (const tensor of tensors) {
    const kind = tensor.name.replace(/\d+/g, '#');
    kinds.set(kind, kinds.get(kind) ?? tensor);
  }
  const popularity = ({ architecture }: Fit) => architecture.classes.length;
  return ARCHITECTURES.flatMap(
    (architecture) => orNone(() => fitOf(architecture, known, [...kinds.values()])) ?? [],
  ).sort((a, b) => a.misfits.length - b.misfits.length || a.missing - b.missing || popularity(b) - popularity(a));
}

/** What fits, or undefined where it ends in one of our errors: then the tables do not fit. */
function orNone<Found>(find: () => Found): Found | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof Hf2ggufError) {
      return undefined;
    }
    throw error;
  }
}

/** @throws Hf2ggufError where config.json lacks what the family needs */
function fitOf(family: Architecture, known: Known, tensors: readonly NamedExpr[]): Fit {
  const kv = new KeyValues();
  writeKeys(family, known, kv);
  const rules = family.tensors.filter(({ when }) => holds(when, known));
  const patterns = compile({ ...family, tensors: rules });
  const isDropped = globs(family.drop);
  const used = new Set<unknown>();
  const misfits = new Set<string>();
  for (const { name, tensor } of ownTensors(family, known.config, tensors)) {
    if (isDropped(name)) {
      continue;
    }
    const found = matches(patterns, name).map(({ rule }) => rule);
    const isMisfit = ({ to, via = [], each, all }: Architecture['tensors'][number]) => {
      const made = () => transformed([tensor.expr], via, { known, name: tensor.name })[0] ?? tensor.expr;
      const fits = () => isShape(to ?? '', shapeOf(made()), kv, family.gguf);
      return to !== undefined && each === undefined && all === undefined && !orNone(fits);
    };
    if (found.length === 0 || found.some(isMisfit)) {
      misfits.add(tensor.name);
    }
    for (const rule of found) {
      used.add(rule);
    }
  }
  const wanted = rules.filter(({ to, from = [] }) => to !== undefined && !from.some(isOptional));
  return { architecture: family, misfits: [...misfits], missing: wanted.filter((rule) => !used.has(rule)).length };
}

/** A head that may be tied to the embedding, and biases. */
function isOptional(name: string): boolean {
  return name.endsWith('.bias') || name.startsWith('lm_head');
}

/** Tensors whose rows are as long as the embedding. */
const FROM_EMBEDDING = new Set(
  'token_embd output output_norm attn_norm ffn_norm attn_q attn_k attn_v attn_qkv attn_q_a ffn_up ffn_gate'.split(' '),
);
/** Tensors that have as many rows as the embedding is long. */
const TO_EMBEDDING = new Set(['attn_output', 'ffn_down']);

/** Whether a tensor's shape (outermost dimension first) agrees with the keys, as far as all families have it alike. */
function isShape(to: string, shape: readonly number[], kv: KeyValues, gguf: string): boolean {
  const name = to.replace(/^blk\.\{b\}\./, '').replace(/\.(\*|weight)$/, '');
  const size = kv.get(`${gguf}.embedding_length`)?.value;
  const heads = kv.get(`${gguf}.attention.head_count`)?.value;
  if (FROM_EMBEDDING.has(name) && shape.length > 0 && size !== undefined && shape.at(-1) !== size) {
    return shape.length === 1 && !name.endsWith('norm');
  }
  if (TO_EMBEDDING.has(name) && shape.length === 2 && size !== undefined && shape[0] !== size) {
    return false;
  }
  return name !== 'attn_q' || typeof heads !== 'number' || (shape[0] ?? 0) % heads === 0;
}
