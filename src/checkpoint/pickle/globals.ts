import type { DType } from '../../tensor/dtype.js';
import { is, type PickleGlobal, type PickleTensor, type PickleValue, PLAIN } from './values.js';

/**
 * Every name that a pickle may ask for. torch's are those that its own `weights_only` loading knows and checkpoints of
 * models have. Facts: torch/_utils.py, torch/_tensor.py, torch/_weights_only_unpickler.py.
 */

type Call = (args: readonly PickleValue[]) => PickleValue | undefined;

/** Classes of storages, by the type of their elements. */
const STORAGES: Readonly<Record<string, DType>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
  // Bytes, whose tensors tell their own dtype.
  'torch.storage.UntypedStorage': 'U8',
};

const DTYPES: Readonly<Record<string, DType>> = {
  'torch.float64': 'F64',
  'torch.float32': 'F32',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.float8_e8m0fnu': 'F8_E8M0',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.int16': 'I16',
  'torch.int8': 'I8',
  'torch.uint64': 'U64',
  'torch.uint32': 'U32',
  'torch.uint16': 'U16',
  'torch.uint8': 'U8',
  'torch.bool': 'BOOL',
};

const CALLS: Readonly<Record<string, Call>> = {
  'collections.OrderedDict': (args) => (args.length === 0 ? { kind: 'dict', items: [] } : undefined),
  'torch._utils._rebuild_tensor': ([storage, ...place]) => tensor(storage, place),
  'torch._utils._rebuild_tensor_v2': ([storage, ...place]) => tensor(storage, place),
  'torch._utils._rebuild_tensor_v3': ([storage, offset, shape, strides, , , dtype]) =>
    is(dtype, 'global') ? tensor(storage, [offset, shape, strides], dtype.dtype) : undefined,
  'torch._utils._rebuild_parameter': ([data]) => (is(data, 'tensor') ? data : undefined),
  'torch._utils._rebuild_parameter_with_state': ([data]) => (is(data, 'tensor') ? data : undefined),
  // A function and its arguments in a list: how tensors with attributes of their own are made.
  'torch._tensor._rebuild_from_type_v2': ([make, type, args]) => {
    const isTensor = is(type, 'global') && TENSORS.includes(type.name);
    const made = isTensor && is(make, 'global') && REBUILDS.includes(make.name) && is(args, 'tuple');
    return made ? make.call?.(args.items) : undefined;
  },
  'torch.Size': ([sizes]) => (is(sizes, 'tuple') ? sizes : undefined),
  'torch.device': () => PLAIN,
  '_codecs.encode': () => PLAIN,
  '__builtin__.set': () => PLAIN,
  'builtins.set': () => PLAIN,
};

/** Classes of tensors, which are named and not called. */
const TENSORS = ['torch.Tensor', 'torch.nn.parameter.Parameter'];
/** What may be called in a list: nothing that calls in turn. */
const REBUILDS = ['torch._utils._rebuild_tensor', 'torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor_v3'];

const GLOBALS: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    ...Object.entries(STORAGES).map(([name, elements]) => ({ name, elements })),
    ...Object.entries(DTYPES).map(([name, dtype]) => ({ name, dtype })),
    ...Object.entries(CALLS).map(([name, call]) => ({ name, call })),
    ...TENSORS.map((name) => ({ name })),
  ].map((known) => [known.name, { kind: 'global', ...known }]),
);

/** What is known of a name, if it is one of those that a pickle may ask for. */
export function findGlobal(name: string): PickleGlobal | undefined {
  return GLOBALS.get(name);
}

function tensor(
  storage: PickleValue | undefined,
  [offset = null, shape = null, strides = null]: readonly (PickleValue | undefined)[],
  dtype?: DType,
): PickleTensor | undefined {
  return is(storage, 'storage')
    ? { kind: 'tensor', storage, dtype: dtype ?? storage.whole.dtype, offset, shape, strides }
    : undefined;
}
