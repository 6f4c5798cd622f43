import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  call,
  dict,
  global,
  int,
  legacyStart,
  list,
  MARK,
  none,
  number,
  type Ops,
  opcode,
  pickle,
  state,
  storage,
  tensor,
  text,
  tuple,
} from '../checkpoint/pickle/pickle-writer.js';
import { type Archive, type Entry, type Patch, torchEntries, zip } from '../checkpoint/pickle/zip-writer.js';
import { fixtures } from '../paths.js';
import type { Dice } from './dice.js';
import { mutateBytes } from './gguf-mutations.js';

/** Files of PyTorch with one to three changes: of opcodes, of lengths, of an archive's records, or of any bytes. */

const NAMES = [
  ...['torch.FloatStorage', 'torch.BFloat16Storage', 'torch.LongStorage', 'torch.storage.UntypedStorage'],
  ...['torch.float16', 'torch.float8_e4m3fn', 'torch.Tensor', 'torch.nn.parameter.Parameter', 'torch.Size'],
  ...['', '_v2', '_v3'].map((version) => `torch._utils._rebuild_tensor${version}`),
  ...['torch._utils._rebuild_parameter', 'torch._tensor._rebuild_from_type_v2', 'collections.OrderedDict'],
  ...['builtins.set', '_codecs.encode', 'torch.device', 'os.system', 'builtins.eval', '__proto__.constructor'],
];
const STORAGES: Readonly<Record<string, Buffer>> = {
  0: Buffer.from(Float32Array.from({ length: 12 }, (_, i) => i).buffer),
  1: Buffer.from([...Array(64).keys()]),
};

/** Most of what a checkpoint may have in it. */
function wholeState(): Ops {
  const bytes = storage({ key: '1', type: 'torch.ByteStorage', count: 64 });
  const place = [int(0), tuple(int(2), int(3)), tuple(int(3), int(1))] as const;
  return state({
    weight: tensor(),
    transposed: tensor({ shape: [4, 3], strides: [1, 4] }),
    cube: tensor({ of: bytes, shape: [2, 3, 2], strides: [32, 8, 2], offset: 1 }),
    repeated: tensor({ shape: [5, 4], strides: [0, 1] }),
    old: call('torch._utils._rebuild_tensor', storage(), ...place),
    new: call('torch._utils._rebuild_tensor_v3', storage(), ...place, none, none, global('torch.float32')),
    parameter: call('torch._utils._rebuild_parameter', tensor(), none, call('collections.OrderedDict')),
    typed: call(
      'torch._tensor._rebuild_from_type_v2',
      global('torch._utils._rebuild_tensor_v2'),
      global('torch.Tensor'),
      tuple(storage(), ...place, none, none),
      dict(),
    ),
    size: call('torch.Size', tuple(int(1))),
    nested: dict([text('a'), list(int(2 ** 40), none)]),
  });
}

/** Opcodes with arguments that fit them. */
function anyOps(dice: Dice): Ops {
  return dice.pick<() => Ops>([
    () => [opcode(dice.below(256))],
    () => [opcode(dice.below(256), dice.bytes(dice.below(9)))],
    () => [MARK],
    () => int(dice.whole() >> 1n),
    () => text(dice.pick(['0', '1', 'weight', 'storage', '../x'])),
    () => global(dice.pick(NAMES)),
    () => [opcode(dice.pick(['h', 'q']), dice.bytes(1))],
    () => [opcode(dice.pick(['j', 'r']), number(dice.whole(), 4))],
    () => [opcode(dice.pick(['X', 'T', 'B', 0x8b]), number(dice.whole(), 4))],
    () => [opcode(dice.pick([0x8d, 0x8e, 0x95, 0x96]), number(dice.whole(), 8))],
    () => tensor({ shape: [number64(dice), number64(dice)], strides: [number64(dice), number64(dice)] }),
    () => storage({ key: dice.pick(['0', '1', '2']), count: number64(dice) }),
    () => [opcode(dice.pick([...'0129.)]}tldeusaRbQ'])), opcode(dice.pick([0x81, 0x85, 0x86, 0x87, 0x8f, 0x90, 0x94]))],
  ])();
}

/** Of 64 bits, with its sign: often small. */
function number64(dice: Dice): bigint {
  return dice.chance(0.7) ? BigInt(dice.below(14)) : BigInt.asIntN(63, dice.whole());
}

type Change = (ops: Buffer[], at: number, dice: Dice) => void;

const CHANGES: readonly Change[] = [
  (ops, at, dice) => ops.splice(at, 1, ...anyOps(dice)),
  (ops, at, dice) => ops.splice(at, 0, ...anyOps(dice)),
  (ops, at, dice) => ops.splice(at, 1 + dice.below(3)),
  (ops, at, dice) => ops.splice(at, 0, ...ops.slice(dice.below(ops.length), dice.below(ops.length))),
  (ops, at, dice) => {
    const from = dice.below(ops.length);
    ops.splice(at, 1, ...ops.slice(from, from + 1));
  },
  (ops, at, dice) => {
    const changed = Buffer.from(ops[at] ?? []);
    number(dice.whole(), 8).copy(changed, 1);
    ops[at] = changed;
  },
  changeInteger,
  changeInteger,
  (ops, _, dice) => {
    const globals = ops.flatMap((op, i) => (op[0] === 0x63 ? [i] : []));
    ops.splice(dice.pick(globals) ?? 0, 1, ...global(dice.pick(NAMES)));
  },
];

/** A size, a stride, an offset or a count. */
function changeInteger(ops: Buffer[], _: number, dice: Dice): void {
  const integers = ops.flatMap((op, i) => (op[0] === 0x4a ? [i] : []));
  ops.splice(dice.pick(integers) ?? 0, 1, ...int(number64(dice)));
}

function changedOps(dice: Dice): Ops {
  const ops = [...wholeState()];
  for (let changes = dice.below(4); changes > 0 && ops.length > 0; changes--) {
    dice.pick(CHANGES)(ops, dice.below(ops.length), dice);
  }
  return ops;
}

function patchOf(fields: readonly (readonly [at: number, bytes: number])[], dice: Dice): Patch {
  const [at, bytes] = dice.pick(fields);
  return [at, bytes, dice.whole()];
}

const FIELDS = {
  local: [
    [0, 4],
    [6, 2],
    [18, 4],
    [26, 2],
    [28, 2],
  ],
  central: [
    [0, 4],
    [8, 2],
    [10, 2],
    [20, 4],
    [24, 4],
    [28, 2],
    [30, 2],
    [32, 2],
    [34, 2],
    [42, 4],
  ],
  end: [
    [0, 4],
    [4, 2],
    [8, 2],
    [10, 2],
    [12, 4],
    [16, 4],
    [20, 2],
  ],
  end64: [
    [0, 4],
    [24, 8],
    [32, 8],
    [40, 8],
    [48, 8],
  ],
  locator: [
    [0, 4],
    [8, 8],
    [16, 4],
  ],
} as const;

function changedEntries(entries: readonly Entry[], dice: Dice): Entry[] {
  const at = dice.below(entries.length);
  const [own, other] = [entries[at], dice.pick(entries)];
  if (!own) {
    return [...entries];
  }
  return dice.pick<() => Entry[]>([
    () => entries.with(at, { ...own, local: [patchOf(FIELDS.local, dice)] }),
    () => entries.with(at, { ...own, central: [patchOf(FIELDS.central, dice)] }),
    () => entries.with(at, { ...own, extra: dice.bytes(dice.below(70)) }),
    () => entries.with(at, { ...own, bytes: own.bytes.subarray(dice.below(own.bytes.length + 1)) }),
    () => entries.with(at, { ...own, name: dice.pick([other.name, '../x', 'a/data.pkl', `${own.name}/`, '']) }),
    () => entries.toSpliced(at, 1),
    () => [...entries, other],
    () => entries.toSpliced(at, 1, other),
    () => [...entries].reverse(),
  ])();
}

function changedZip(dice: Dice): Buffer {
  const entries = torchEntries(changedOps(dice), STORAGES);
  if (dice.chance(0.7)) {
    return zip({ entries, zip64: dice.chance(0.5) });
  }
  const record = dice.pick(['end', 'end64', 'locator'] as const);
  const archive: Archive = dice.chance(0.6)
    ? { entries: changedEntries(entries, dice) }
    : { entries, [record]: [patchOf(FIELDS[record], dice)] };
  return zip({ ...archive, zip64: dice.chance(0.5), comment: dice.bytes(dice.below(3)) });
}

function changedLegacy(dice: Dice): Buffer {
  const keys = dice.chance(0.8) ? ['0', '1'] : [dice.pick(['0', '1', '2']), dice.pick(['0', '1'])];
  const last = list(...keys.map(text));
  const storages = keys.flatMap((key) => {
    const bytes = STORAGES[key] ?? Buffer.alloc(0);
    const count = dice.chance(0.9) ? bytes.length / (key === '0' ? 4 : 1) : dice.whole();
    return [number(count, 8), bytes];
  });
  const ends = dice.chance(0.9) ? last : changedOps(dice);
  return Buffer.concat([legacyStart(dice.chance(0.98)), pickle(changedOps(dice)), pickle(ends), ...storages]);
}

const fixture = (name: string): Buffer => readFileSync(join(fixtures, 'pickles', name));
const [ZIPS, LEGACY] = [['zip.bin', 'protocol-5.bin', 'repacked.bin'].map(fixture), [fixture('legacy.bin')]];

function changedBytes(files: readonly Buffer[], dice: Dice): Buffer {
  const bytes = Buffer.from(dice.pick(files));
  return mutateBytes({ bytes, header: bytes.length }, dice);
}

export function mutateZip(dice: Dice, knowsFormat: boolean): Buffer {
  return knowsFormat ? changedZip(dice) : changedBytes(ZIPS, dice);
}

export function mutateLegacy(dice: Dice, knowsFormat: boolean): Buffer {
  return knowsFormat ? changedLegacy(dice) : changedBytes(LEGACY, dice);
}
