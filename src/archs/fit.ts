import type { Known } from '../config/config.js';
import { holds } from '../config/values.js';
import { Hf2ggufError } from '../errors.js';
import { KeyValues } from '../gguf/key-values.js';
import type { NamedExpr } from '../tensor/expr.js';
import { shapeOf } from '../tensor/rows.js';
import { globs } from '../text/globs.js';
import type { Architecture } from './architecture.js';
import { ownTensors } from './map-tensors.js';
import { compile, matches } from './patterns.js';
import { transformed } from './transform.js';
import { writeKeys } from './write-keys.js';

/** How well a family's tables suit a checkpoint of a class that nobody knows. */
export interface Fit {
  readonly architecture: Architecture;
  /** Names that the family has no place for, or whose shape is another than config.json gives them. */
  readonly misfits: readonly string[];
  /** How many rules find no tensor. */
  readonly missing: number;
}

/**
 * How families suit a checkpoint, by its names and shapes, best first. One tensor stands for all whose names differ in
 * numbers alone, so a large checkpoint costs as little as a small one.
 */
export function fits(families: readonly Architecture[], known: Known, tensors: Iterable<NamedExpr>): readonly Fit[] {
  const kinds = new Map<string, NamedExpr>();
  for (const tensor of tensors) {
    const kind = tensor.name.replace(/\d+/g, '#');
    if (!kinds.has(kind)) {
      kinds.set(kind, tensor);
    }
  }
  const all = families.flatMap((architecture) => fitOf(architecture, known, [...kinds.values()]) ?? []);
  return all.sort(
    (a, b) => a.misfits.length - b.misfits.length || a.missing - b.missing || popularity(b) - popularity(a),
  );
}

/** Of families that suit it alike, the one with most classes is the likeliest. */
function popularity({ architecture }: Fit): number {
  return architecture.classes.length;
}

/** None where config.json lacks what the family needs. */
function fitOf(architecture: Architecture, known: Known, tensors: readonly NamedExpr[]): Fit | undefined {
  const kv = new KeyValues();
  try {
    writeKeys(architecture, known, kv);
    const rules = architecture.tensors.filter(({ when }) => holds(when, known));
    return { architecture, ...placed({ ...architecture, tensors: rules }, known, kv, tensors) };
  } catch (error) {
    if (error instanceof Hf2ggufError) {
      return undefined;
    }
    throw error;
  }
}

function placed(
  architecture: Architecture,
  known: Known,
  kv: KeyValues,
  tensors: readonly NamedExpr[],
): Pick<Fit, 'misfits' | 'missing'> {
  const patterns = compile(architecture);
  const isDropped = globs(architecture.drop);
  const used = new Set<unknown>();
  const misfits: string[] = [];
  for (const { name, tensor } of ownTensors(architecture, known.config, tensors)) {
    const found = matches(patterns, name);
    if (isDropped(name)) {
      continue;
    }
    if (found.length === 0) {
      misfits.push(tensor.name);
    }
    for (const { rule } of found) {
      used.add(rule);
      const { to, via = [], each, all } = rule;
      if (to !== undefined && each === undefined && all === undefined && !hasShape(to, via, tensor)) {
        misfits.push(tensor.name);
      }
    }
  }
  const wanted = architecture.tensors.filter(({ to, from = [] }) => to !== undefined && !from.some(isOptional));
  return { misfits: [...new Set(misfits)], missing: wanted.filter((rule) => !used.has(rule)).length };

  function hasShape(to: string, via: Architecture['tensors'][number]['via'] & object, tensor: NamedExpr): boolean {
    try {
      const [expr = tensor.expr] = transformed([tensor.expr], via, { known, name: tensor.name });
      return isShape(
        to.replace(/^blk\.\{b\}\./, '').replace(/\.(\*|weight)$/, ''),
        shapeOf(expr),
        kv,
        architecture.gguf,
      );
    } catch (error) {
      if (error instanceof Hf2ggufError) {
        return false;
      }
      throw error;
    }
  }
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

/** Whether a shape (outermost dimension first) agrees with the keys, as far as all families have it alike. */
function isShape(name: string, shape: readonly number[], kv: KeyValues, gguf: string): boolean {
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
