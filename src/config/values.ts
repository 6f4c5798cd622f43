import type { Json } from '../json.js';
import type { Scope } from '../language/evaluate.js';
import * as language from '../language/evaluate.js';
import { type FieldSource, object } from '../language/fields.js';
import type { Condition, Derived, KeyType, LayerTest, PartName, Probed, Value } from '../language/value.js';
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

class KnownScope implements Scope {
  constructor(readonly known: Known) {}

  get config(): FieldSource {
    return this.known.config;
  }

  get block(): number | undefined {
    return this.known.block;
  }

  part(name: PartName): FieldSource | undefined {
    return PARTS[name](this.known);
  }

  derive(name: string): Derived {
    return derive(name as DerivationName, this.known);
  }

  probe(id: string): Probed | undefined {
    return this.known.probes?.get(id);
  }

  blockCount(): number {
    return blockCount(this.known.config);
  }
}

export const typedValue = (from: Value, type: KeyType, known: Known): Derived =>
  language.typedValue(from, type, new KnownScope(known));

export const rawValue = (from: Value, known: Known): Json | undefined => language.rawValue(from, new KnownScope(known));

export const isLayer = (test: LayerTest, block: number, known: Known): boolean =>
  language.isLayer(test, block, new KnownScope(known));

export const holds = (condition: Condition | undefined, known: Known): boolean =>
  condition === undefined || language.holds(condition, new KnownScope(known));
