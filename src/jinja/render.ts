import { getAttribute, getItem, slice } from './attributes.js';
import { FILTERS, TESTS } from './environment.js';
import { globals } from './globals.js';
import type { Arguments, Expression, MacroDefinition, Statement, Target } from './nodes.js';
import { binary, compares, negative, positive } from './operators.js';
import { parse } from './parser.js';
import {
  type Callable,
  Dict,
  fail,
  fromJson,
  isTrue,
  iterate,
  type Named,
  Native,
  repr,
  Tuple,
  textOf,
  typeOf,
  Undefined,
  type Value,
} from './values.js';

/** The names of a scope, and the scope around it, where other names are looked up. */
class Scope {
  readonly #names: Map<string, Value>;
  constructor(
    readonly parent: Scope | null,
    names: Iterable<readonly [string, Value]> = [],
  ) {
    this.#names = new Map(names);
  }
  get(name: string): Value {
    for (let scope: Scope | null = this; scope; scope = scope.parent) {
      const value = scope.#names.get(name);
      if (value !== undefined) {
        return value;
      }
    }
    return new Undefined(`${repr(name)} is undefined`);
  }
  set(name: string, value: Value): void {
    this.#names.set(name, value);
  }
  get root(): Scope {
    let scope: Scope = this;
    while (scope.parent) {
      scope = scope.parent;
    }
    return scope;
  }
}

/** A statement that ends a loop's iteration early. */
type Jump = 'break' | 'continue' | undefined;
type Output = string[];

/**
 * Renders a template.
 * @param values values of JSON by name.
 * @param now the time that `strftime_now` gives.
 * @throws TemplateError
 */
export function render(template: string, values: Readonly<Record<string, unknown>>, now: Date): string {
  const names = Object.entries(values).map(([name, value]) => [name, fromJson(value)] as const);
  return text(parse(template), new Scope(null, [...globals(now), ...names]));
}

function text(body: readonly Statement[], scope: Scope): string {
  const out: Output = [];
  run(body, scope, out);
  return out.join('');
}

function run(body: readonly Statement[], scope: Scope, out: Output): Jump {
  for (const statement of body) {
    const jump = step(statement, scope, out);
    if (jump) {
      return jump;
    }
  }
  return undefined;
}

function step(statement: Statement, scope: Scope, out: Output): Jump {
  switch (statement.kind) {
    case 'text':
      out.push(statement.text);
      return undefined;
    case 'print':
      out.push(textOf(evaluate(statement.value, scope)));
      return undefined;
    case 'if':
      return run(isTrue(evaluate(statement.test, scope)) ? statement.body : statement.otherwise, scope, out);
    case 'for':
      loop(statement, evaluate(statement.over, scope), scope, out, 0);
      return undefined;
    case 'set':
      assign(statement.target, evaluate(statement.value, scope), scope);
      return undefined;
    case 'set block': {
      const written = text(statement.body, new Scope(scope));
      assign(statement.target, statement.filter ? filtered(statement.filter, written, scope) : written, scope);
      return undefined;
    }
    case 'with': {
      const inner = new Scope(scope);
      const values = statement.values.map(([target, value]) => [target, evaluate(value, scope)] as const);
      for (const [target, value] of values) {
        assign(target, value, inner);
      }
      return run(statement.body, inner, out);
    }
    case 'filter block':
      out.push(textOf(filtered(statement.filter, text(statement.body, new Scope(scope)), scope)));
      return undefined;
    case 'macro':
      scope.set(statement.macro.name, macro(statement.macro, scope));
      return undefined;
    case 'call block': {
      const { of, ...given } = statement.call;
      const [args, named] = argumentsOf(given, scope);
      const caller = macro(statement.caller, scope);
      out.push(textOf(call(evaluate(of, scope), args, new Map([...named, ['caller', caller]]))));
      return undefined;
    }
    case 'scope':
      return run(statement.body, new Scope(scope), out);
    case 'block':
      return run(statement.body, new Scope(statement.scoped ? scope : scope.root), out);
    case 'break':
    case 'continue':
      return statement.kind;
    case 'load':
      return fail('TypeError', 'no loader for this environment specified');
  }
}

function assign(target: Target, value: Value, scope: Scope): void {
  switch (target.kind) {
    case 'name':
      scope.set(target.name, value);
      return;
    case 'attribute': {
      const namespace = scope.get(target.name);
      if (!(namespace instanceof Native) || namespace.type !== 'jinja2.utils.Namespace') {
        fail('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
      }
      namespace.attributes.set(target.attribute, value);
      return;
    }
    case 'tuple': {
      const items = unpacked(value);
      const wanted = target.items.length;
      if (items.length > wanted) {
        fail('ValueError', `too many values to unpack (expected ${wanted})`);
      }
      for (const [i, part] of target.items.entries()) {
        assign(part, items[i] ?? (i < items.length ? null : short(wanted, items.length)), scope);
      }
    }
  }
}
function short(wanted: number, got: number): never {
  return fail('ValueError', `not enough values to unpack (expected ${wanted}, got ${got})`);
}
function unpacked(value: Value): readonly Value[] {
  const isScalar =
    value === null || typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? fail('TypeError', `cannot unpack non-iterable ${typeOf(value)} object`) : iterate(value);
}

type For = Extract<Statement, { kind: 'for' }>;

function loop(statement: For, over: Value, scope: Scope, out: Output, depth: number): void {
  const { target, test, body } = statement;
  const bind = (item: Value) => {
    const inner = new Scope(scope);
    assign(target, item, inner);
    return inner;
  };
  const all = iterate(over);
  const items = test ? all.filter((item) => isTrue(evaluate(test, bind(item)))) : all;
  if (items.length === 0) {
    run(statement.otherwise, new Scope(scope), out);
  }
  const again: Callable = ([value = null]) => {
    if (!statement.recursive) {
      fail('TypeError', "The loop must have the 'recursive' marker to be called recursively.");
    }
    const inner: Output = [];
    loop(statement, value, scope, inner, depth + 1);
    return inner.join('');
  };
  const changed = changes();
  for (const [i, item] of items.entries()) {
    const inner = bind(item);
    inner.set(
      'loop',
      new Native('jinja2.runtime.LoopContext', [...position(items, i, depth), ['changed', changed]], again),
    );
    if (run(body, inner, out) === 'break') {
      return;
    }
  }
}

function position(items: readonly Value[], i: number, depth: number): [string, Value][] {
  const { length } = items;
  const cycle = new Native(
    'method',
    [],
    (args) => args[i % args.length] ?? (args.length > 0 ? null : fail('TypeError', 'no items for cycling given')),
  );
  const at = (index: number, missing: string): Value => {
    const item = items[index];
    return item === undefined ? new Undefined(missing) : item;
  };
  return [
    ['index', BigInt(i + 1)],
    ['index0', BigInt(i)],
    ['revindex', BigInt(length - i)],
    ['revindex0', BigInt(length - i - 1)],
    ['first', i === 0],
    ['last', i === length - 1],
    ['length', BigInt(length)],
    ['depth', BigInt(depth + 1)],
    ['depth0', BigInt(depth)],
    ['previtem', at(i - 1, 'there is no previous item')],
    ['nextitem', at(i + 1, 'there is no next item')],
    ['cycle', cycle],
  ];
}

function changes(): Native {
  let before: string | undefined;
  return new Native('method', [], (args) => {
    const now = repr(new Tuple(args));
    const isChanged = now !== before;
    before = now;
    return isChanged;
  });
}

function macro({ name, params, body, reads }: MacroDefinition, scope: Scope): Native {
  const bind = (args: readonly Value[], given: Named): Scope => {
    const inner = new Scope(scope);
    const named = new Map(given);
    for (const [i, [param, fallback]] of params.entries()) {
      const value = args[i] ?? named.get(param);
      named.delete(param);
      if (value === undefined) {
        inner.set(
          param,
          fallback ? evaluate(fallback, inner) : new Undefined(`parameter ${repr(param)} was not provided`),
        );
      } else {
        inner.set(param, i < args.length ? (args[i] ?? null) : value);
      }
    }
    if (reads.has('caller')) {
      inner.set('caller', named.get('caller') ?? new Undefined('No caller defined'));
      named.delete('caller');
    }
    inner.set('varargs', new Tuple(args.slice(params.length)));
    inner.set('kwargs', new Dict(named));
    const [unknown] = named.keys();
    if (unknown !== undefined && !reads.has('kwargs')) {
      fail('TypeError', `macro ${repr(name)} takes no keyword argument ${repr(unknown)}`);
    }
    if (args.length > params.length && !reads.has('varargs')) {
      fail('TypeError', `macro ${repr(name)} takes not more than ${params.length} argument(s)`);
    }
    return inner;
  };
  const attributes: [string, Value][] = [
    ['name', name],
    ['arguments', new Tuple(params.map(([param]) => param))],
    ['catch_kwargs', reads.has('kwargs')],
    ['catch_varargs', reads.has('varargs')],
    ['caller', reads.has('caller')],
  ];
  return new Native('jinja2.runtime.Macro', attributes, (args, named) => text(body, bind(args, named)));
}

function call(of: Value, args: readonly Value[], named: Named): Value {
  if (of instanceof Undefined) {
    return of.fail();
  }
  return of instanceof Native && of.call
    ? of.call(args, named)
    : fail('TypeError', `'${typeOf(of)}' object is not callable`);
}

function argumentsOf({ args, named, rest, restNamed }: Arguments, scope: Scope): [Value[], Map<string, Value>] {
  const values = args.map((arg) => evaluate(arg, scope));
  const names = new Map(named.map(([name, value]) => [name, evaluate(value, scope)]));
  if (rest) {
    for (const value of iterate(evaluate(rest, scope))) {
      values.push(value);
    }
  }
  if (restNamed) {
    const more = evaluate(restNamed, scope);
    for (const [name, value] of more instanceof Dict
      ? more.entries()
      : fail('TypeError', 'argument after ** must be a mapping')) {
      names.set(textOf(name), value);
    }
  }
  return [values, names];
}

function filtered(expression: Expression, input: Value, scope: Scope): Value {
  if (expression.kind !== 'filter') {
    return input;
  }
  const value = expression.of
    ? expression.of.kind === 'filter'
      ? filtered(expression.of, input, scope)
      : evaluate(expression.of, scope)
    : input;
  const filter =
    FILTERS.get(expression.name) ?? fail('TemplateRuntimeError', `No filter named ${repr(expression.name)} found.`);
  const [args, named] = argumentsOf(expression, scope);
  return filter([value, ...args], named);
}

function evaluate(expression: Expression, scope: Scope): Value {
  const value = (of: Expression) => evaluate(of, scope);
  switch (expression.kind) {
    case 'const':
      return expression.value;
    case 'name':
      return scope.get(expression.name);
    case 'list':
      return expression.items.map(value);
    case 'tuple':
      return new Tuple(expression.items.map(value));
    case 'concat':
      return expression.items.map((item) => textOf(value(item))).join('');
    case 'dict':
      return new Dict(expression.items.map(([key, item]) => [value(key), value(item)]));
    case 'condition':
      if (isTrue(value(expression.test))) {
        return value(expression.value);
      }
      return expression.otherwise
        ? value(expression.otherwise)
        : new Undefined(
            `the inline if-expression on line ${expression.line} evaluated to false and no else section was defined.`,
          );
    case 'and':
    case 'or': {
      const left = value(expression.left);
      return isTrue(left) === (expression.kind === 'and') ? value(expression.right) : left;
    }
    case 'not':
      return !isTrue(value(expression.of));
    case 'negative':
      return negative(value(expression.of));
    case 'positive':
      return positive(value(expression.of));
    case 'binary':
      return binary(expression.operator, value(expression.left), value(expression.right));
    case 'compare': {
      let left = value(expression.first);
      return expression.rest.every(([operator, other]) => {
        const right = value(other);
        const holds = compares(operator, left, right);
        left = right;
        return holds;
      });
    }
    case 'attribute':
      return getAttribute(value(expression.of), expression.name);
    case 'item': {
      const of = value(expression.of);
      return expression.key.kind === 'slice'
        ? slice(
            of,
            expression.key.bounds.map((bound) => (bound ? value(bound) : null)),
          )
        : getItem(of, value(expression.key));
    }
    case 'slice':
      return fail('TypeError', "unhashable type: 'slice'");
    case 'call': {
      const of = value(expression.of);
      return call(of, ...argumentsOf(expression, scope));
    }
    case 'filter':
      return filtered(expression, null, scope);
    case 'test': {
      const test =
        TESTS.get(expression.name) ?? fail('TemplateRuntimeError', `No test named ${repr(expression.name)} found.`);
      const of = value(expression.of);
      const [args, named] = argumentsOf(expression, scope);
      return test([of, ...args], named);
    }
  }
}
