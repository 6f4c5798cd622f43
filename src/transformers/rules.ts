import type { Json, JsonObject } from '../json.js';
import { mainBlockCount } from '../language/blocks.js';
import { holds, rawValue, type Scope } from '../language/evaluate.js';
import { refuse } from '../language/fields.js';
import { Formulas } from '../language/formulas.js';

/** The versions of transformers that are recorded: 4 is 4.57.6, and 5 is 5.23.0 for types that 4.57.6 does not have. */
export type Version = 4 | 5;
/** A configuration under construction. */
export type Draft = Record<string, Json | undefined>;
/** What a rule may read of its class: the version that the class is recorded with, and its defaults. */
export interface Type {
  readonly version: Version;
  readonly fields: JsonObject;
}
/** One step of a configuration class's constructor. It sets fields that follow from others, or checks fields. */
export type Rule = (fields: Draft, type: Type) => void;

/**
 * Stops where transformers raises an error. ref-quirk: `load_hparams` in conversion/base.py then uses config.json as it
 * is.
 * @throws ConfigFieldError always
 */
export const refused = (field: string): never => refuse(`transformers refuses ${field} in config.json.`);

/** Whether a field is missing or null. */
export const isMissing = (value: Json | undefined): value is null | undefined => value === null || value === undefined;

/**
 * Reads rules, in the language of formulas.ts:
 *
 *   head_dim = qk_rope_head_dim                 sets a field. Without a value it stays as it is
 *   head_dim ?= hidden_size // num_heads        sets a field that is missing or null
 *   -n_embed                                    drops a field
 *   layer_types ?= ... dropping interval        drops another field where this one is set
 *   head_dim rope_scaling                       rules by their names
 *
 * `when CONDITION` may stand behind each. A value that is missing without `?` is refused, as is what is no number.
 * @param named the rules of a name.
 * @throws SyntaxError
 */
export function readRules(text: string, named: (name: string) => readonly Rule[]): readonly Rule[] {
  const formulas = new Formulas(text);
  const rules: Rule[] = [];
  while (!formulas.ended) {
    const [, minus, name = '', sign] = formulas.need(/(-)?(\w+)(?: (\??=) )?/y, 'rule');
    const value = sign === undefined ? undefined : formulas.value();
    const dropped = minus ? name : formulas.take(/dropping (\w+)/y)?.[1];
    const when = formulas.take(/when\b/y) ? formulas.condition() : undefined;
    const others = value || minus ? [] : named(name);
    rules.push((fields, type) => {
      const scope = scopeOf(fields);
      if ((sign === '?=' && !isMissing(fields[name])) || !holds(when, scope)) {
        return;
      }
      const own = value && rawValue(value, scope);
      if (own !== undefined) {
        fields[name] = own;
      }
      if (dropped !== undefined) {
        delete fields[dropped];
      }
      for (const rule of others) {
        rule(fields, type);
      }
    });
  }
  return rules;
}

const nothing = () => undefined;
/** Rules speak of fields alone. */
const scopeOf = (hparams: JsonObject): Scope => ({
  ...{ config: { hparams }, part: nothing, derive: nothing, probe: nothing },
  blockCount: () => mainBlockCount({ hparams }),
});
