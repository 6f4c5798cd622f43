import { withParams } from './functions.js';
import { strftime } from './strftime.js';
import { toInt } from './strings.js';
import { type Callable, Dict, fail, Items, iterate, Native, textOf, type Value } from './values.js';

/** The longest range: the limit of jinja2's sandbox. */
const MAX_RANGE = 100_000;

const range: Callable = (args) => {
  const [first, last, by = 1n] = args;
  const [from, to] = last === undefined ? [0, toInt(first ?? null)] : [toInt(first ?? null), toInt(last)];
  const step = toInt(by);
  if (step === 0) {
    fail('ValueError', 'range() arg 3 must not be zero');
  }
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (length > MAX_RANGE) {
    fail('OverflowError', `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`);
  }
  const text = `range(${from}, ${to}${step === 1 ? '' : `, ${step}`})`;
  return new Items(
    'range',
    Array.from({ length }, (_, i) => BigInt(from + i * step)),
    text,
  );
};

const dict: Callable = ([from], named) => {
  const entries = from instanceof Dict ? from.entries() : from === undefined ? [] : iterate(from).map(pair);
  return new Dict([...entries, ...named]);
};
function pair(value: Value): readonly [Value, Value] {
  const [key, item, ...more] = iterate(value);
  return key === undefined || item === undefined || more.length > 0
    ? fail('ValueError', 'dictionary update sequence element has another length; 2 is required')
    : [key, item];
}

const namespace: Callable = (args, named) => {
  const given = dict(args, named);
  return new Native(
    'jinja2.utils.Namespace',
    given instanceof Dict ? given.entries().map(([name, value]) => [textOf(name), value]) : [],
  );
};

const cycler: Callable = (items) => {
  if (items.length === 0) {
    fail('RuntimeError', 'at least one item has to be provided');
  }
  let at = 0;
  const cycle = new Native('jinja2.utils.Cycler');
  const show = () => {
    cycle.attributes.set('current', items[at] ?? null);
    return null;
  };
  const next = () => {
    const item = items[at] ?? null;
    at = (at + 1) % items.length;
    show();
    return item;
  };
  const reset = () => {
    at = 0;
    return show();
  };
  cycle.attributes.set('next', new Native('method', [], next));
  cycle.attributes.set('reset', new Native('method', [], reset));
  show();
  return cycle;
};

const joiner = withParams({}, (separator) => {
  let isUsed = false;
  return new Native('jinja2.utils.Joiner', [], () => {
    const text = isUsed ? (separator ?? ', ') : '';
    isUsed = true;
    return text;
  });
});

/** The functions that every template can call. */
export function globals(now: Date): (readonly [string, Value])[] {
  const functions: Readonly<Record<string, Callable>> = {
    range,
    dict,
    namespace,
    cycler,
    joiner,
    lipsum: () => fail('TemplateRuntimeError', "The function 'lipsum' isn't supported."),
    raise_exception: withParams({}, (message) => fail('TemplateError', textOf(message))),
    strftime_now: withParams({}, (format) => strftime(now, textOf(format))),
  };
  return Object.entries(functions).map(([name, call]) => [name, new Native('function', [], call)]);
}
