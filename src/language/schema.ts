import * as v from 'valibot';
import { type Condition, type LayerTest, MATH, PARTS, type Value } from './value.js';

/** Schemas of formulas that are read from JSON, and what schemas are made of. */

export const maybe = v.exactOptional;
export const flag = v.literal(true);
export const object = <Fields extends v.ObjectEntries>(fields: Fields) => v.pipe(v.strictObject(fields), v.readonly());
export const list = <Item extends v.GenericSchema>(item: Item) => v.pipe(v.array(item), v.readonly());
export const text = v.pipe(v.string(), v.nonEmpty());
export const texts = list(text);
export const some = v.pipe(texts, v.nonEmpty());
const scalar = v.union([v.string(), v.number(), v.boolean(), v.null()]);
const is = v.union([scalar, list(scalar)]);

/** The names of a table, as what a field may be. */
export function nameOf<Table extends object>(table: Table) {
  return v.picklist(Object.keys(table) as (keyof Table & string)[]);
}

/** Values, tests of blocks and conditions. @param derivation names of derivations. */
export function formulaSchemas(derivation: v.GenericSchema<string>) {
  const value: v.GenericSchema<Value> = v.lazy(() =>
    v.union([
      object({
        fields: some,
        of: maybe(v.union([v.picklist(PARTS), some])),
        required: maybe(flag),
        or: maybe(v.union([v.string(), v.number(), v.boolean()])),
      }),
      object({ value: v.union([v.string(), v.number(), v.boolean(), list(v.number()), list(v.string())]) }),
      object({ derive: derivation }),
      object({ block: flag }),
      object({ element: v.number(), of: value }),
      object({ probe: text, required: maybe(flag) }),
      object({ first: list(value) }),
      object({ math: v.picklist(MATH), of: v.pipe(list(value), v.nonEmpty()) }),
      object({ layers: layerTest, yes: maybe(value), no: maybe(value) }),
    ]),
  );
  const layerTest: v.GenericSchema<LayerTest> = v.lazy(() =>
    v.union([
      object({ list: value, is }),
      object({ every: value, after: maybe(v.union([v.number(), value])) }),
      object({ from: value }),
      object({ among: value, after: maybe(v.number()) }),
      object({ not: layerTest }),
    ]),
  );
  const condition: v.GenericSchema<Condition> = v.lazy(() =>
    v.union([
      object({ field: text, is }),
      object({ field: text, exists: v.boolean() }),
      object({ derive: derivation, is }),
      object({ value, is }),
      object({ value, above: v.number() }),
      object({ set: value }),
      object({ probe: text, is: v.boolean() }),
      object({ not: condition }),
      object({ all: list(condition) }),
      object({ any: list(condition) }),
    ]),
  );
  return { value, layerTest, condition };
}
