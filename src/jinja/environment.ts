import { attributeGetter, generator, VALUE_FILTERS } from './filters.js';
import { withParams } from './functions.js';
import { VALUE_TESTS } from './tests.js';
import { type Callable, fail, isTrue, iterate, repr, textOf, type Value } from './values.js';

/** All tests by name. */
export const TESTS: ReadonlyMap<string, Callable> = new Map<string, Callable>([
  ...VALUE_TESTS,
  ['filter', withParams({}, (value) => FILTERS.has(textOf(value)))],
  ['test', withParams({}, (value) => TESTS.has(textOf(value)))],
]);

/** All filters by name. */
export const FILTERS: ReadonlyMap<string, Callable> = new Map<string, Callable>([
  ...VALUE_FILTERS,
  ['map', map],
  ['reject', selecting(false, false)],
  ['rejectattr', selecting(false, true)],
  ['select', selecting(true, false)],
  ['selectattr', selecting(true, true)],
]);

/** Finds a filter or test by name, for filters and tests that take a name as an argument. */
function named(table: ReadonlyMap<string, Callable>, what: string, name: Value): Callable {
  return table.get(textOf(name)) ?? fail('TemplateRuntimeError', `No ${what} named ${repr(name)}.`);
}

function selecting(wanted: boolean, byAttribute: boolean): Callable {
  return ([value = null, ...args], keywords) => {
    if (!isTrue(value)) {
      return generator([]);
    }
    const [path, ...others] = byAttribute ? args : [null, ...args];
    if (path === undefined) {
      return fail('FilterArgumentError', 'Missing parameter for attribute name');
    }
    const get = attributeGetter(path);
    const [name, ...rest] = others;
    const test =
      name === undefined ? isTrue : (item: Value) => isTrue(named(TESTS, 'test', name)([item, ...rest], keywords));
    return generator(iterate(value).filter((item) => test(get(item)) === wanted));
  };
}

function map(...[[value = null, name, ...args], keywords]: Parameters<Callable>): Value {
  if (!isTrue(value)) {
    return generator([]);
  }
  const attribute = keywords.get('attribute');
  if (name === undefined && attribute !== undefined) {
    return generator(iterate(value).map(attributeGetter(attribute, keywords.get('default'))));
  }
  if (name === undefined) {
    return fail('FilterArgumentError', 'map requires a filter argument');
  }
  const filter = named(FILTERS, 'filter', name);
  return generator(iterate(value).map((item) => filter([item, ...args], keywords)));
}
