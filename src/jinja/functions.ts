import { type Callable, fail, type Value } from './values.js';

/** The default of a parameter that must be given. */
export const REQUIRED = Symbol('required');

/**
 * Makes a function of a first argument and of parameters, which can be given by name or by position.
 * @param params the defaults of the parameters.
 */
export function withParams(
  params: Readonly<Record<string, Value | typeof REQUIRED>>,
  run: (first: Value, ...rest: Value[]) => Value,
): Callable {
  const names = Object.keys(params);
  return (args, named) => {
    if (args.length > names.length + 1) {
      fail('TypeError', `takes at most ${names.length + 1} positional arguments but ${args.length} were given`);
    }
    const unknown = [...named.keys()].find((name) => !names.includes(name));
    if (unknown !== undefined) {
      fail('TypeError', `got an unexpected keyword argument '${unknown}'`);
    }
    const values = names.map((name, i) => {
      const value = args[i + 1] ?? (args.length > i + 1 ? null : named.get(name));
      const found = value === undefined ? params[name] : value;
      return typeof found === 'symbol' || found === undefined
        ? fail('TypeError', `missing 1 required positional argument: '${name}'`)
        : found;
    });
    return run(args[0] ?? null, ...values);
  };
}
