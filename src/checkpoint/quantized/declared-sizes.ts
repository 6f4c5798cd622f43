import { isObject, type Json } from '../../json.js';
import { QuantizedTensorError } from './plain-tensors.js';

/**
 * The numbers of bits and the sizes of groups that a configuration gives its modules, by itself and by entries for some of
 * them. Entries name modules by regular expressions. These are never run: the shapes of a module's tensors tell which of
 * the sizes it has.
 */
export interface DeclaredSizes {
  readonly bits: readonly number[];
  /** The size for all inputs together is -1. */
  readonly groups: readonly number[];
}

/** Distinct sizes of one checkpoint: each module tries all of them. */
const MAX_SIZES = 64;

/**
 * @param entries the configuration's own object and those for some modules; what is no object has no sizes.
 * @throws QuantizedTensorError where there are too many sizes
 */
export function declaredSizes(entries: readonly (Json | undefined)[]): DeclaredSizes {
  const all = entries.filter(isObject);
  const distinct = (...names: readonly string[]) => {
    const values = all.flatMap((each) => names.map((name) => each[name]));
    const numbers = [...new Set(values.filter((value) => typeof value === 'number'))];
    if (numbers.length > MAX_SIZES) {
      throw new QuantizedTensorError(`config.json has ${numbers.length} different values of ${names[0]}.`);
    }
    return numbers;
  };
  return { bits: distinct('bits', 'w_bit', 'nbits'), groups: distinct('group_size', 'q_group_size') };
}

/** What an object has under names of modules; nothing where there is no object. */
export function entriesOf(value: Json | undefined): readonly (Json | undefined)[] {
  return isObject(value) ? Object.values(value) : [];
}

/** @throws QuantizedTensorError where the configuration does not give any module so many bits */
export function checkBits(name: string, bits: number, { bits: declared }: DeclaredSizes): void {
  if (!declared.includes(bits)) {
    throw new QuantizedTensorError(
      `Tensor ${name} has codes of ${bits} bits by its shape, and config.json asks for ${declared.join(' or ') || 'none'}.`,
    );
  }
}

/**
 * The size of the groups of so many inputs; the last group may be smaller.
 * @throws QuantizedTensorError where no declared size makes so many groups
 */
export function groupSize(name: string, inputs: number, groups: number, { groups: declared }: DeclaredSizes): number {
  const sizes = declared.map((size) => (size === -1 ? inputs : Math.min(size, inputs)));
  const size = sizes.find((each) => Number.isSafeInteger(each) && each > 0 && Math.ceil(inputs / each) === groups);
  if (size === undefined) {
    throw new QuantizedTensorError(
      `Tensor ${name} has ${groups} groups for ${inputs} inputs, and config.json asks for groups of ${declared.join(' or ') || 'no size'}.`,
    );
  }
  return size;
}
