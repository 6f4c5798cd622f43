import { REQUIRED, withParams } from './functions.js';
import { binary, compares, contains, equal } from './operators.js';
import { isLower, isUpper } from './strings.js';
import {
  type Callable,
  Dict,
  Items,
  isNumber,
  isText,
  Markup,
  Native,
  textOf,
  Undefined,
  type Value,
} from './values.js';

const of = (test: (value: Value) => boolean): Callable => withParams({}, test);
const against = (test: (value: Value, other: Value) => boolean): Callable =>
  withParams({ other: REQUIRED }, (value, other = null) => test(value, other));
const comparing = (operator: string) => against((value, other) => compares(operator, value, other));
const isIterable = (value: Value) => value !== null && !isNumber(value) && !(value instanceof Native);
const remainder = (value: Value, by: Value) => binary('%', value, by);

/**
 * The tests of jinja2 by name. The tests `filter` and `test`, which ask whether a name exists, are in environment.ts.
 */
export const VALUE_TESTS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    odd: of((value) => equal(remainder(value, 2n), 1n)),
    even: of((value) => equal(remainder(value, 2n), 0n)),
    divisibleby: against((value, by) => equal(remainder(value, by), 0n)),
    defined: of((value) => !(value instanceof Undefined)),
    undefined: of((value) => value instanceof Undefined),
    none: of((value) => value === null),
    boolean: of((value) => typeof value === 'boolean'),
    true: of((value) => value === true),
    false: of((value) => value === false),
    integer: of((value) => typeof value === 'bigint'),
    float: of((value) => typeof value === 'number'),
    number: of(isNumber),
    string: of(isText),
    mapping: of((value) => value instanceof Dict),
    sequence: of((value) => isIterable(value) && !(value instanceof Items && value.type !== 'range')),
    iterable: of(isIterable),
    callable: of((value) => value instanceof Native && value.call !== undefined),
    lower: of((value) => isLower(textOf(value))),
    upper: of((value) => isUpper(textOf(value))),
    escaped: of((value) => value instanceof Markup),
    sameas: against(isSame),
    in: against((value, container) => contains(container, value)),
    ...Object.fromEntries(
      Object.entries({
        '==': ['==', 'eq', 'equalto'],
        '!=': ['!=', 'ne'],
        '<': ['<', 'lt', 'lessthan'],
        '<=': ['<=', 'le'],
        '>': ['>', 'gt', 'greaterthan'],
        '>=': ['>=', 'ge'],
      }).flatMap(([operator, names]) => names.map((name) => [name, comparing(operator)])),
    ),
  }),
);

/** Python's `is`. Equal small ints, texts and singletons count as the same object. */
function isSame(value: Value, other: Value): boolean {
  return value === other;
}
