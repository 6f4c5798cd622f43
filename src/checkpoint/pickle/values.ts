import type { DType } from '../../tensor/dtype.js';

/** What a pickle is made of, as far as tensors need it. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor
  | typeof PLAIN;

/** Data of no interest: bytes, sets, devices. */
export const PLAIN = { kind: 'plain' } as const;

export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

export interface PickleList {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

/** Keys and values by turns, as the pickle sets them. A key may be set again. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly items: PickleValue[];
}

/** A name that a pickle asks for, and what is known of it. */
export interface PickleGlobal {
  readonly kind: 'global';
  /** `torch.FloatStorage`. */
  readonly name: string;
  /** The dtype that it is. */
  readonly dtype?: DType;
  /** Of a class of storages: what they consist of. */
  readonly elements?: DType;
  /** What the name's function makes of its arguments. Undefined: it is none, or these are not its arguments. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue | undefined;
}

/** A run of elements beside the pickle. */
export interface WholeStorage {
  readonly key: string;
  readonly dtype: DType;
  /** Elements. */
  readonly count: number;
}

/** A storage, or a part of one, which old files have. */
export interface PickleStorage {
  readonly kind: 'storage';
  readonly whole: WholeStorage;
  /** Elements of the whole storage before the part, and those of the part. */
  readonly offset: number;
  readonly count: number;
}

/** A tensor as the pickle describes it: nothing but the storage is checked. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  readonly dtype: DType;
  /** Elements of the storage before it. */
  readonly offset: PickleValue;
  readonly shape: PickleValue;
  /** In elements. */
  readonly strides: PickleValue;
}

type Kinds = PickleTuple | PickleList | PickleDict | PickleGlobal | PickleStorage | PickleTensor;

/** Whether a value is of a kind. */
export function is<K extends Kinds['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<Kinds, { kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

/** Whether a value is a count, an index or an offset. */
export function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The entries of a dictionary as Python has them: a key that is set again keeps its place. */
export function entriesOf({ items }: PickleDict): ReadonlyMap<PickleValue, PickleValue> {
  const entries = new Map<PickleValue, PickleValue>();
  for (let i = 0; i < items.length; i += 2) {
    entries.set(items[i] ?? null, items[i + 1] ?? null);
  }
  return entries;
}

/** A tensor under its name. */
export type NamedTensor = readonly [name: string, tensor: PickleTensor];

/** What a file holds, and where the bytes of its storages begin, by their keys. */
export interface PickleFile {
  readonly tensors: readonly NamedTensor[];
  readonly places: ReadonlyMap<string, number>;
}
