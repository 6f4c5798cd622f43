/** Pickles as lists of opcodes, so that tests can build what torch.save writes, and what it never would. */

/** Opcodes with their arguments, one each. */
export type Ops = readonly Buffer[];

export function number(value: number | bigint, bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return buffer.subarray(0, bytes);
}

export function opcode(code: number | string, ...args: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([typeof code === 'string' ? code.charCodeAt(0) : code]), ...args]);
}

export const MARK = opcode('(');
export const STOP = opcode('.');
export const none: Ops = [opcode('N')];

export function text(value: string): Ops {
  return [opcode('X', number(Buffer.byteLength(value), 4), Buffer.from(value))];
}

/** LONG1 takes what BININT does not. */
export function int(value: number | bigint): Ops {
  const isSmall = value >= -(2 ** 31) && value < 2 ** 31;
  return [isSmall ? opcode('J', number(value, 4)) : opcode(0x8a, Buffer.from([9]), number(value, 8), Buffer.from([0]))];
}

export function global(name: string): Ops {
  const dot = name.lastIndexOf('.');
  return [opcode('c', Buffer.from(`${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`))];
}

export function tuple(...items: readonly Ops[]): Ops {
  return [MARK, ...items.flat(), opcode('t')];
}

export function list(...items: readonly Ops[]): Ops {
  return [opcode(']'), MARK, ...items.flat(), opcode('e')];
}

export function dict(...entries: readonly (readonly [Ops, Ops])[]): Ops {
  return [opcode('}'), MARK, ...entries.flat(2), opcode('u')];
}

export function call(name: string, ...args: readonly Ops[]): Ops {
  return [...global(name), ...tuple(...args), opcode('R')];
}

export interface StorageId {
  readonly key?: string;
  readonly type?: string;
  readonly count?: number | bigint;
  /** What files of the first format have behind it. */
  readonly part?: Ops;
}

export function storage({ key = '0', type = 'torch.FloatStorage', count = 12, part }: StorageId = {}): Ops {
  const id = [text('storage'), global(type), text(key), text('cpu'), int(count), ...(part ? [part] : [])];
  return [...tuple(...id), opcode('Q')];
}

export interface TensorParts {
  readonly of?: Ops;
  readonly offset?: number | bigint;
  readonly shape?: readonly (number | bigint)[];
  readonly strides?: readonly (number | bigint)[];
}

/** By default all 12 elements of storage 0, as [3, 4]. */
export function tensor({ of = storage(), offset = 0, shape = [3, 4], strides = [4, 1] }: TensorParts = {}): Ops {
  const sizes = (values: readonly (number | bigint)[]) => tuple(...values.map(int));
  const hooks = call('collections.OrderedDict');
  const last: Ops = [opcode(0x89), ...hooks];
  return call('torch._utils._rebuild_tensor_v2', of, int(offset), sizes(shape), sizes(strides), last);
}

/** A dictionary of tensors. */
export function state(tensors: Readonly<Record<string, Ops>>): Ops {
  return dict(...Object.entries(tensors).map(([name, value]) => [text(name), value] as const));
}

export function pickle(ops: Ops): Buffer {
  return Buffer.concat([opcode(0x80, Buffer.from([2])), ...ops, STOP]);
}

/** What stands in front of the pickle of a file of the first format: the magic number, the version, the machine. */
export function legacyStart(littleEndian = true): Buffer {
  const magic = opcode(0x8a, Buffer.from([10]), Buffer.from('6cfc9c46f9206aa85019', 'hex'));
  const machine = dict([text('little_endian'), [opcode(littleEndian ? 0x88 : 0x89)]]);
  return Buffer.concat([pickle([magic]), pickle(int(1001)), pickle(machine)]);
}

/** A file of the first format: its pickle, its storages' keys, and each storage's bytes behind its count. */
export function legacyFile(ops: Ops, storages: Readonly<Record<string, Buffer>>, elementBytes = 4): Buffer {
  return Buffer.concat([
    legacyStart(),
    pickle(ops),
    pickle(list(...Object.keys(storages).map(text))),
    ...Object.values(storages).flatMap((bytes) => [number(bytes.length / elementBytes, 8), bytes]),
  ]);
}
