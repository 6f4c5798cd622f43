import type { JsonObject } from '../json.js';
import { HIDDEN_DEFAULTS, LATE_RULES, rulesOf } from './class-rules.js';
import type { Version } from './common-defaults.js';
import { DEFAULTS } from './defaults.js';
import type { Rule } from './rules.js';
import { VERSION_5_RULES } from './version-5.js';

/** What src/config/defaults.ts holds of a configuration class of transformers. There, empty fields are left out. */
interface Entry {
  /** The version of transformers that the class is recorded with: 4.57.6 if it has the class, else 5.23.0. */
  readonly version: Version;
  /** `attribute_map`: other names of fields, and the names that they are kept under. */
  readonly aliases: Readonly<Record<string, string>>;
  /** The fields that config.json may leave out, less those that all classes of the version have. */
  readonly fields: JsonObject;
  /**
   * Nested configurations: the `model_type` of one that doesn't say its own, and what the part has where config.json has
   * none. What that type itself gives is left out where its version is this one.
   */
  readonly parts: Readonly<Record<string, JsonObject>>;
  /** The fields that follow from others. */
  readonly derived: readonly string[];
}

/** A configuration class of transformers. */
export interface ModelType extends Entry {
  /** What the constructor works out, in its order. */
  readonly rules: readonly Rule[];
}

/**
 * The class of a `model_type`, or undefined for a type that is not known.
 * @param version the one that runs the class: it decides about the rules, and may be later than the record's.
 */
export function modelType(name: string, version: Version): ModelType | undefined {
  const json = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name] : undefined;
  if (json === undefined) {
    return undefined;
  }
  const entry: Entry = {
    version: 4,
    aliases: {},
    fields: {},
    parts: {},
    derived: [],
    ...(JSON.parse(json) as Partial<Entry>),
  };
  return {
    ...entry,
    fields: { ...entry.fields, ...HIDDEN_DEFAULTS[name] },
    rules: [
      ...rulesOf(name, entry.derived),
      ...(version === 4 ? [] : [...VERSION_5_RULES, ...(LATE_RULES[name] ?? [])]),
    ],
  };
}

/** All types that are known. */
export function modelTypes(): readonly string[] {
  return Object.keys(DEFAULTS);
}
