import { DEFAULTS } from '../generated/config-defaults.js';
import type { JsonObject } from '../json.js';
import { lateRules, rulesOf } from './class-rules.js';
import type { Rule, Version } from './rules.js';
import { VERSION_5_RULES } from './version-5.js';

/** A configuration class of transformers, as config-defaults.ts has its record, which leaves out what is empty. */
export interface ModelType {
  /** The version of transformers that the record is from: 4.57.6 if that has the class, else 5.23.0. */
  readonly version: Version;
  /** `attribute_map`: alias of a field → the name under which the class keeps it. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Defaults of the fields that config.json may leave out, except those in `COMMON_DEFAULTS`. */
  readonly fields: JsonObject;
  /**
   * Nested configurations. A part has the `model_type` that it has by default, and its default fields. Fields that the
   * part's own class gives in the same version are left out.
   */
  readonly parts: Readonly<Record<string, JsonObject>>;
  /** The fields that the constructor derives from others. */
  readonly derived: readonly string[];
  /** The steps of the constructor, in its order. */
  readonly rules: readonly Rule[];
}

/** A class without fields. */
export const EMPTY: ModelType = { version: 4, aliases: {}, fields: {}, parts: {}, derived: [], rules: [] };

/**
 * The class of a `model_type`; undefined for an unknown type.
 * @param version the version that runs the class. It decides about the rules, and may be later than the record's.
 */
export function modelType(name: string, version: Version): ModelType | undefined {
  if (!Object.hasOwn(DEFAULTS, name)) {
    return undefined;
  }
  const entry: ModelType = { ...EMPTY, ...(JSON.parse(DEFAULTS[name] ?? '') as Partial<ModelType>) };
  const late = version === 4 ? [] : [...VERSION_5_RULES, ...lateRules(name)];
  return { ...entry, rules: [...rulesOf(name, entry.derived), ...late] };
}

/** All known values of `model_type`. */
export const modelTypes = (): readonly string[] => Object.keys(DEFAULTS);
