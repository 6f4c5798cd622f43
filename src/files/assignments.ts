import { UsageError } from '../errors.js';
import { type GgufValue, type Scalar, type ScalarType, typeName } from '../gguf/types.js';
import { canHold } from '../gguf/writer.js';

/** What `key=value` and `key=type:value` mean. */
export interface Assignment {
  readonly key: string;
  readonly value: GgufValue;
}

export class AssignmentError extends UsageError {
  constructor(text: string, what: string) {
    super(
      `--set ${text.length > 200 ? `${text.slice(0, 200)}…` : text}: ${what}.`,
      'Write key=value or key=type:value with a type such as u32, f32, bool or string; a list is a JSON array, of a type such as u32[].',
    );
  }
}

const TYPED = /^(u8|i8|u16|i16|u32|i32|u64|i64|f32|f64|bool|string)(\[\])?:(.*)$/s;

/**
 * @param present gives a key's current value. Its type is kept unless the text names one. The type of a new key is
 * guessed: bool, u32 or the next that holds the number, f32, else string; a list's as the converter does.
 * @throws AssignmentError
 */
export function parseAssignment(text: string, present: (key: string) => GgufValue | undefined): Assignment {
  const equals = text.indexOf('=');
  const [key, right] = [text.slice(0, equals), text.slice(equals + 1)];
  if (equals < 1) {
    throw new AssignmentError(text, 'there is no key before a =');
  }
  const [, type, list = '', rest = ''] = TYPED.exec(right) ?? [];
  const old = present(key);
  const value = type ? parseValue(rest, type as ScalarType, list !== '') : old ? parseAs(right, old) : guess(right);
  if (value === null) {
    const wanted = type ? type + list : old ? typeName(old) : 'list of values of one type (an empty one needs a type)';
    throw new AssignmentError(text, `the value is no ${wanted}`);
  }
  return { key, value };
}

function parseAs(text: string, like: GgufValue): GgufValue | null {
  return like.type === 'array' ? parseValue(text, like.of, true) : parseValue(text, like.type, false);
}

function parseValue(text: string, type: ScalarType, isList: boolean): GgufValue | null {
  if (isList) {
    return parseList(parseArray(text) ?? [null], type);
  }
  const value = parseScalar(text, type);
  return value === null ? null : { type, value };
}

/** Parses a text as a value of a type, a float32 rounded as a file stores it; null where the text is no such value. */
function parseScalar(text: string, type: ScalarType): Scalar | null {
  const value = readScalar(text, type);
  if (value === null || !canHold(type, value)) {
    return null;
  }
  return type === 'f32' ? Math.fround(Number(value)) : value;
}

const INTEGER = /^-?\d+$/;
const FLOAT = /^(NaN|[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?))$/;

function readScalar(text: string, type: ScalarType): Scalar | null {
  switch (type) {
    case 'string':
      return text;
    case 'bool':
      return text === 'true' || text === 'false' ? text === 'true' : null;
    case 'f32':
    case 'f64':
      return FLOAT.test(text) ? Number(text) : null;
    case 'u64':
    case 'i64':
      return INTEGER.test(text) ? BigInt(text) : null;
    default:
      return INTEGER.test(text) ? Number(text) : null;
  }
}

function parseArray(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function parseList(items: readonly unknown[], of: ScalarType): GgufValue | null {
  const value: Scalar[] = [];
  for (const item of items) {
    const scalar = parseItem(item, of);
    if (scalar === null) {
      return null;
    }
    value.push(scalar);
  }
  return { type: 'array', of, value };
}

/** A number beyond 2^53, which JSON.parse rounds, has to be written as a string: `inspect --json` does so too. */
function parseItem(item: unknown, of: ScalarType): Scalar | null {
  const isRounded = Number.isInteger(item) && !Number.isSafeInteger(item) && of !== 'f32' && of !== 'f64';
  const isScalar = typeof item === 'string' || (of !== 'string' && /^(number|boolean)$/.test(typeof item));
  return isScalar && !isRounded ? parseScalar(String(item), of) : null;
}

function guess(text: string): GgufValue | null {
  const items = parseArray(text);
  if (items) {
    return guessList(items);
  }
  const types: readonly ScalarType[] = ['bool', 'u32', 'i32', 'u64', 'i64', 'f32', 'string'];
  for (const type of types) {
    const value = parseScalar(text, type);
    if (value !== null) {
      return { type, value };
    }
  }
  return null;
}

/** As gguf-py has it: by what JSON says that the entries are. */
function guessList(items: readonly unknown[]): GgufValue | null {
  const kind = typeof items[0];
  const types: Readonly<Record<string, readonly ScalarType[]>> = {
    boolean: ['bool'],
    number: ['i32', 'i64', 'f32'],
    string: ['string'],
  };
  if (!items.every((item) => typeof item === kind)) {
    return null;
  }
  return (types[kind] ?? []).map((type) => parseList(items, type)).find((list) => list !== null) ?? null;
}
