import type { Json } from '../json.js';
import type { Scope } from '../language/evaluate.js';
import * as language from '../language/evaluate.js';
import { type FieldSource, object } from '../language/fields.js';
import type { Condition, Derived, KeyType, LayerTest, PartName, Value } from '../language/value.js';
import type { Known } from './config.js';
import { type DerivationName, derive } from './derivations.js';
import { blockCount, ropeFields, ropeRoot } from './derive.js';

/** Formulas, whose names are of what is known of a model. All functions throw ConfigFieldError. */

const PARTS: Readonly<Record<PartName, (known: Known) => FieldSource | undefined>> = {
  rope: ({ config }) => ropeFields(config),
  rope_root: ({ config }) => ropeRoot(config),
  target: ({ facts }) => ({ hparams: facts.target(), path: "the target model's configuration" }),
  rope_sliding({ config }) {
    const root = ropeRoot(config);
    const sliding = object.optional(root, 'sliding_attention');
    return sliding && { hparams: sliding, path: `${root.path}.sliding_attention` };
  },
};

const scopeOf = (known: Known): Scope => ({
  ...{ config: known.config, block: known.block },
  part: (name) => PARTS[name](known),
  derive: (name) => derive(name as DerivationName, known),
  probe: (id) => known.probes?.get(id),
  blockCount: () => blockCount(known.config),
});

export const typedValue = (from: Value, type: KeyType, known: Known): Derived =>
  language.typedValue(from, type, scopeOf(known));

export const rawValue = (from: Value, known: Known): Json | undefined => language.rawValue(from, scopeOf(known));

export const isLayer = (test: LayerTest, block: number, known: Known): boolean =>
  language.isLayer(test, block, scopeOf(known));

export const holds = (condition: Condition | undefined, known: Known): boolean =>
  language.holds(condition, scopeOf(known));
