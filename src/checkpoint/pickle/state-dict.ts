import { beginning } from '../../json.js';
import { MAX_REPEATED_ELEMENTS, MAX_SOURCE_DIMS, MAX_TENSORS, MAX_VIEW_RUNS } from '../../limits.js';
import { bytesOf, DTYPE_BYTES } from '../../tensor/dtype.js';
import { type Axis, elementCount, type NamedExpr, type SourceExpr, type TensorExpr } from '../../tensor/expr.js';
import { arranged } from '../../tensor/operators/view.js';
import { shapeOf } from '../../tensor/rows.js';
import { extent, mergeAxes } from '../../tensor/strides.js';
import { PickledTensorError, PickleLimitError, StateDictError } from './errors.js';
import {
  entriesOf,
  is,
  isCount,
  type PickleDict,
  type PickleFile,
  type PickleTensor,
  type PickleValue,
} from './values.js';

/** Keys under which checkpoints of training keep the tensors, beside the optimizer's state and the like. */
const WRAPPERS: readonly unknown[] = ['state_dict', 'model_state_dict', 'model', 'module'];

/**
 * The tensors of a file in the order of its dictionary. What else is in there is left out.
 * @param file its path.
 * @throws StateDictError, PickledTensorError, PickleLimitError
 */
export function readStateDict({ value, places }: PickleFile, file: string): NamedExpr[] {
  const entries = [...entriesOf(findTensors(value, file))];
  const tensors = entries.flatMap(([name, tensor]): NamedExpr[] => {
    if (!is(tensor, 'tensor')) {
      return [];
    }
    if (typeof name !== 'string') {
      throw new StateDictError(`${file} has a tensor whose name is no text.`);
    }
    return [{ name, expr: place(name, tensor, places.get(tensor.storage.whole.key) ?? 0, file) }];
  });
  if (tensors.length > MAX_TENSORS) {
    throw new PickleLimitError(`${file} has ${tensors.length} tensors, more than ${MAX_TENSORS}.`);
  }
  return tensors;
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

/** @param start where the tensor's whole storage begins in the file */
function place(name: string, tensor: PickleTensor, start: number, file: string): TensorExpr {
  const fail = (problem: string): never => {
    throw new PickledTensorError(`Tensor ${name} in ${file} ${problem}.`);
  };
  const { dtype, storage } = tensor;
  const shape = counts(tensor.shape) ?? fail('has no valid shape');
  const strides = counts(tensor.strides) ?? fail('has no valid strides');
  const offset = isCount(tensor.offset) ? tensor.offset : fail('has no valid offset');
  if (strides.length !== shape.length || shape.length > MAX_SOURCE_DIMS) {
    fail(`has ${shape.length} dimensions and ${strides.length} strides`);
  }
  const unit = DTYPE_BYTES[dtype];
  const wholeUnit = DTYPE_BYTES[storage.whole.dtype];
  const first = start + bytesOf(storage.whole.dtype, storage.offset);
  const available = Math.floor((storage.count * wholeUnit) / unit);
  const elements = elementCount(shape);
  if (!Number.isSafeInteger(elements * unit)) {
    fail(`has a shape whose size overflows: [${shape.join(', ')}]`);
  }
  const source: SourceExpr = { op: 'source', name, file, offset: first, dtype, shape: [0] };
  if (elements === 0) {
    return { ...source, shape };
  }
  const axes = mergeAxes(shape.map((size, i): Axis => [size, strides[i] ?? 0]));
  const [from, to] = extent({ axes, offset });
  if (!Number.isSafeInteger(to) || to > available) {
    fail(`ends at element ${to} of a storage of ${available}`);
  }
  const own = { shape, axes, offset: 0 };
  checkAxes(axes, fail);
  return arranged({ ...source, offset: first + from * unit, shape: [to - from] }, own, { shape: shapeOf });
}

function counts(value: PickleValue): readonly number[] | undefined {
  return is(value, 'tuple') && value.items.every(isCount) ? (value.items as readonly number[]) : undefined;
}

/** Elements may be in any order, with gaps, and repeated as `expand` does; two of them do not share one place otherwise. */
function checkAxes(axes: readonly Axis[], fail: (problem: string) => never): void {
  const moving = axes.filter(([, stride]) => stride > 0).sort((a, b) => a[1] - b[1]);
  const elements = elementCount(axes.map(([size]) => size));
  if (moving.length < axes.length && elements > MAX_REPEATED_ELEMENTS) {
    fail(`makes ${elements} elements by repeating those of its storage`);
  }
  let reach = 1;
  for (const [size, stride] of moving) {
    if (stride < reach) {
      fail('has strides with which its elements overlap');
    }
    reach += stride * (size - 1);
  }
  const outside = behindSteps(moving, 1);
  const scattered = behindSteps(outside, outside[0]?.[1] ?? 0);
  const runs = elementCount(scattered.map(([size]) => size));
  if (runs > MAX_VIEW_RUNS) {
    fail(`is scattered over more than ${MAX_VIEW_RUNS} places of its storage`);
  }
}

/** The axes behind those that are equal steps: the elements of a run, or the runs of a segment. */
function behindSteps(axes: readonly Axis[], step: number): readonly Axis[] {
  let count = 1;
  const end = axes.findIndex(([size, stride]) => {
    const goesOn = stride === step * count;
    count *= size;
    return !goesOn;
  });
  return end < 0 ? [] : axes.slice(end);
}
