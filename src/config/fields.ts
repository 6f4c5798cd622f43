import { SourceError } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';

/** A field of config.json is missing or has an impossible value. */
export class ConfigFieldError extends SourceError {
  constructor(what: string, next = 'Correct config.json, or tell the repository about it.') {
    super(what, next);
  }
}

/** @throws ConfigFieldError always */
export function refuse(what: string, next?: string): never {
  throw new ConfigFieldError(what, next);
}

/** Fields to read: a `Config`, or a part of one. */
export interface FieldSource {
  readonly hparams: JsonObject;
  /** The part's place in config.json, for messages. */
  readonly path?: string;
  /** The places of single fields that are elsewhere. */
  readonly places?: Readonly<Record<string, string>>;
}

type Test<T> = (value: Json) => value is Json & T;
type Reader<T> = (source: FieldSource, ...names: string[]) => T;

const listOf =
  <T extends Json>(test: (value: Json) => value is T): Test<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every(test);
const isCount: Test<number> = (value): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
const isInt32: Test<number> = (value): value is number => typeof value === 'number' && (value | 0) === value;
const isNumber: Test<number> = (value): value is number =>
  typeof value === 'number' && (Number.isFinite(Math.fround(value)) || !Number.isFinite(value));
const isBoolean: Test<boolean> = (value): value is boolean => typeof value === 'boolean';
const isString: Test<string> = (value): value is string => typeof value === 'string';
const isAny: Test<Json> = (value): value is Json => value !== undefined;

/**
 * Makes a reader of fields. It reads the first of `names` that the configuration has; the names are different families'
 * spellings of one field. ref-quirk: as in `find_hparam` of conversion/base.py, a null hides the names behind it, and
 * counts as missing.
 * @throws ConfigFieldError where the value is of another kind
 */
function optional<T>(kind: string, test: Test<T>): Reader<T | undefined> {
  return (source, ...names) => {
    const name = names.find((candidate) => source.hparams[candidate] !== undefined);
    const value = name === undefined ? null : (source.hparams[name] ?? null);
    if (name === undefined || value === null) {
      return undefined;
    }
    if (!test(value)) {
      refuse(`${place(source, name)} in config.json is ${show(value)}, not ${kind}.`);
    }
    return value;
  };
}

/** Makes a reader like `optional` that throws ConfigFieldError where the field is missing. */
function required<T>(read: Reader<T | undefined>): Reader<T> {
  return (source, ...names) =>
    read(source, ...names) ?? refuse(`config.json has no ${names.map((name) => place(source, name)).join(' or ')}.`);
}

export const optionalAny = optional('anything', isAny);
export const optionalInteger = optional('a whole number from 0 to 4294967295', isCount);
export const optionalNumber = optional('a number that fits float32', isNumber);
export const optionalBoolean = optional('true or false', isBoolean);
export const optionalString = optional('a string', isString);
export const optionalArray = optional('a list', listOf(isAny));
export const optionalIntegers = optional('a list of whole numbers from -2147483648 to 2147483647', listOf(isInt32));
export const optionalNumbers = optional('a list of numbers that fit float32', listOf(isNumber));
export const optionalStrings = optional('a list of strings', listOf(isString));
export const optionalObject = optional<JsonObject>('an object', isObject);

export const any = required(optionalAny);
export const integer = required(optionalInteger);
export const number = required(optionalNumber);
export const boolean = required(optionalBoolean);
export const string = required(optionalString);
export const array = required(optionalArray);
export const integers = required(optionalIntegers);
export const numbers = required(optionalNumbers);
export const strings = required(optionalStrings);

function place({ places, path }: FieldSource, name: string): string {
  return places?.[name] ?? (path === undefined ? name : `${path}.${name}`);
}

/** A value as messages show it: on one line, and cut if it is long. */
export function show(value: Json): string {
  if (isObject(value) || Array.isArray(value)) {
    return isObject(value) ? 'an object' : 'a list';
  }
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
