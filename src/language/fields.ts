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
 * A reader of fields. It reads the first of `names` that the configuration has; the names are different families'
 * spellings of one field. ref-quirk: as in `find_hparam` of conversion/base.py, a null hides the names behind it, and
 * counts as missing.
 * @throws ConfigFieldError where the value is of another kind, or missing
 */
export interface Field<T> extends Reader<T> {
  /** The same for a field that may be missing. */
  readonly optional: Reader<T | undefined>;
}

function field<T>(kind: string, test: Test<T>): Field<T> {
  const optional: Reader<T | undefined> = (source, ...names) => {
    const name = names.find((candidate) => source.hparams[candidate] !== undefined);
    const value = name === undefined ? null : (source.hparams[name] ?? null);
    if (name === undefined || value === null) {
      return undefined;
    }
    return test(value) ? value : refuse(`${place(source, name)} in config.json is ${show(value)}, not ${kind}.`);
  };
  const required: Reader<T> = (source, ...names) =>
    optional(source, ...names) ??
    refuse(`config.json has no ${names.map((name) => place(source, name)).join(' or ')}.`);
  return Object.assign(required, { optional });
}

export const any = field('anything', isAny);
export const integer = field('a whole number from 0 to 4294967295', isCount);
export const number = field('a number that fits float32', isNumber);
export const boolean = field('true or false', isBoolean);
export const string = field('a string', isString);
export const array = field('a list', listOf(isAny));
export const integers = field('a list of whole numbers from -2147483648 to 2147483647', listOf(isInt32));
export const numbers = field('a list of numbers that fit float32', listOf(isNumber));
export const strings = field('a list of strings', listOf(isString));
export const object = field<JsonObject>('an object', isObject);

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
