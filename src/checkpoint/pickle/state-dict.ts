import { beginning } from '../../json.js';
import { StateDictError } from './errors.js';
import { entriesOf, is, type NamedTensor, type PickleDict, type PickleValue } from './values.js';

/** Keys under which checkpoints of training keep the tensors, beside the optimizer's state and the like. */
const WRAPPERS: readonly unknown[] = ['state_dict', 'model_state_dict', 'model', 'module'];

/**
 * The tensors of a file in the order of its dictionary. What else is in there is left out.
 * @param file its path.
 * @throws StateDictError
 */
export function namedTensors(value: PickleValue, file: string): readonly NamedTensor[] {
  return [...entriesOf(findTensors(value, file))].flatMap(([name, tensor]): NamedTensor[] => {
    if (!is(tensor, 'tensor')) {
      return [];
    }
    if (typeof name !== 'string') {
      throw new StateDictError(`${file} has a tensor whose name is no text.`);
    }
    return [[name, tensor]];
  });
}

/** The dictionary whose values are the tensors. */
function findTensors(value: PickleValue, file: string): PickleDict {
  if (!is(value, 'dict')) {
    throw new StateDictError(`${file} holds no dictionary of tensors.`);
  }
  const entries = [...entriesOf(value)];
  const nested = nestedTensors(entries);
  if (nested.length === 0) {
    return value;
  }
  const hasOwn = entries.some(([, own]) => is(own, 'tensor'));
  const [wrapped, ...others] = nested.filter(([key]) => WRAPPERS.includes(key));
  if (hasOwn || !wrapped || others.length > 0) {
    const names = nested.map(([key]) => beginning(String(key)));
    throw new StateDictError(
      `${file} holds dictionaries of tensors within its dictionary: ${names.slice(0, 5).join(', ')}.`,
    );
  }
  return wrapped[1];
}

/** The values of a dictionary that are dictionaries of tensors; each counts once. */
function nestedTensors(
  entries: readonly (readonly [PickleValue, PickleValue])[],
): (readonly [PickleValue, PickleDict])[] {
  const seen = new Set<PickleValue>();
  return entries.flatMap(([key, value]) => {
    if (!is(value, 'dict') || seen.has(value)) {
      return [];
    }
    seen.add(value);
    return value.items.some((item) => is(item, 'tensor')) ? [[key, value] as const] : [];
  });
}
