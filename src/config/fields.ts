import { SourceError } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';

/** A field of config.json is missing or has an impossible value. */
export class ConfigFieldError extends SourceError {
  constructor(what: string, next = 'Correct config.json, or tell the repository about it.') {
    super(what, next);
  }
}

/** Fields to read: a `Config`, or a part of one. */
export interface FieldSource {
  readonly hparams: JsonObject;
  /** The part's place in config.json, for messages. */
  readonly path?: string;
  /** The places of single fields that are elsewhere. */
  readonly places?: Readonly<Record<string, string>>;
}

interface Kind<T> {
  readonly what: string;
  is(value: Json): value is Json & T;
}

const INTEGER: Kind<number> = {
  what: 'a whole number from 0 to 4294967295',
  is: (value): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff,
};
const NUMBER: Kind<number> = {
  what: 'a number that fits float32',
  is: (value): value is number =>
    typeof value === 'number' && (Number.isFinite(Math.fround(value)) || !Number.isFinite(value)),
};
const BOOLEAN: Kind<boolean> = { what: 'true or false', is: (value): value is boolean => typeof value === 'boolean' };
const STRING: Kind<string> = { what: 'a string', is: (value): value is string => typeof value === 'string' };
const ARRAY: Kind<readonly Json[]> = {
  what: 'a list',
  is: (value): value is readonly Json[] => Array.isArray(value),
};
const INTEGERS: Kind<readonly number[]> = {
  what: 'a list of whole numbers from -2147483648 to 2147483647',
  is: (value): value is readonly number[] =>
    Array.isArray(value) && value.every((own) => typeof own === 'number' && (own | 0) === own),
};
const NUMBERS: Kind<readonly number[]> = {
  what: 'a list of numbers that fit float32',
  is: (value): value is readonly number[] => Array.isArray(value) && value.every(NUMBER.is),
};
const STRINGS: Kind<readonly string[]> = {
  what: 'a list of strings',
  is: (value): value is readonly string[] => Array.isArray(value) && value.every(STRING.is),
};
const OBJECT: Kind<JsonObject> = { what: 'an object', is: isObject };

type Required<T> = (source: FieldSource, ...names: string[]) => T;
type Optional<T> = (source: FieldSource, ...names: string[]) => T | undefined;

/**
 * Makes a reader of fields. It reads the first of `names` that the configuration has; the names are different families'
 * spellings of one field. ref-quirk: as in `find_hparam` of conversion/base.py, a null hides the names behind it, and
 * counts as missing.
 * @throws ConfigFieldError where the value is of another kind
 */
function optional<T>(kind: Kind<T>): Optional<T> {
  return (source, ...names) => {
    const name = names.find((candidate) => source.hparams[candidate] !== undefined);
    const value = name === undefined ? undefined : source.hparams[name];
    if (name === undefined || value === undefined || value === null) {
      return undefined;
    }
    if (!kind.is(value)) {
      throw new ConfigFieldError(`${place(source, name)} in config.json is ${show(value)}, not ${kind.what}.`);
    }
    return value;
  };
}

/** Makes a reader like `optional` that throws ConfigFieldError where the field is missing. */
function required<T>(read: Optional<T>): Required<T> {
  return (source, ...names) => {
    const value = read(source, ...names);
    if (value === undefined) {
      const places = names.map((name) => place(source, name)).join(' or ');
      throw new ConfigFieldError(`config.json has no ${places}.`);
    }
    return value;
  };
}

export const optionalInteger = optional(INTEGER);
export const optionalNumber = optional(NUMBER);
export const optionalBoolean = optional(BOOLEAN);
export const optionalString = optional(STRING);
export const optionalArray = optional(ARRAY);
export const optionalIntegers = optional(INTEGERS);
export const optionalNumbers = optional(NUMBERS);
export const optionalStrings = optional(STRINGS);
export const optionalObject = optional(OBJECT);

export const integer = required(optionalInteger);
export const number = required(optionalNumber);
export const boolean = required(optionalBoolean);
export const string = required(optionalString);
export const array = required(optionalArray);
export const integers = required(optionalIntegers);
export const numbers = required(optionalNumbers);
export const strings = required(optionalStrings);

function place(source: FieldSource, name: string): string {
  const known = source.places?.[name];
  return known !== undefined ? known : source.path === undefined ? name : `${source.path}.${name}`;
}

/** A value as messages show it: on one line, and cut if it is long. */
export function show(value: Json): string {
  if (isObject(value)) {
    return 'an object';
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
