import { MAX_REPEATED_ELEMENTS, MAX_SOURCE_DIMS, MAX_VIEW_RUNS } from '../../limits.js';
import { bytesOf, DTYPE_BYTES } from '../../tensor/dtype.js';
import { type Axis, elementCount, type SourceExpr, type TensorExpr } from '../../tensor/expr.js';
import { arranged } from '../../tensor/operators/view.js';
import { shapeOf } from '../../tensor/rows.js';
import { extent, mergeAxes } from '../../tensor/strides.js';
import { PickledTensorError } from './errors.js';
import { is, isCount, type NamedTensor, type PickleValue } from './values.js';

/**
 * A tensor as an expression: a source where its elements are a run of the file, else a view of one.
 * @param start where the tensor's whole storage begins in the file.
 * @param file its path.
 * @throws PickledTensorError where shape, strides and storage contradict each other
 */
export function placeTensor([name, tensor]: NamedTensor, start: number, file: string): TensorExpr {
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
