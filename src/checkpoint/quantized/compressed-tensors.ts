import { cast, reshape, sub } from '../../tensor/build.js';
import { isScaled } from '../../tensor/dtype.js';
import { elementCount, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { type Form, formsOf } from './config-groups.js';
import type { Method } from './method.js';
import { computedOnce } from './packed-codes.js';
import { decodePacked, PACKED, SCALE, SCALE_DTYPES } from './packed-words.js';
import { type PlainTensors, UnsupportedMethodError } from './plain-tensors.js';
import { broadcast, checkDType, checkShape, perElement, scaled } from './scales.js';
import { decodeSparse24 } from './sparse-24.js';

/**
 * Weights as compressed-tensors saves them. Each of `config_groups` has the form of some modules, which its targets name by
 * regular expressions or classes. These are never run: a module's tensors show which of the forms it has.
 *
 * `X` F8 or I8 with `X_scale`: a scale for the tensor, for each row, group of a row or block; integers may have an
 * `X_zero_point` for each scale. `X_packed` I32 [out, words], `X_shape` [2], `X_scale` [out, groups]: codes in words from
 * the low bit up, stored with half their range added; `X_zero_point` is packed in the same way along the rows. The group of
 * column k is `X_g_idx`[k], or k / group_size. weight = (code - zero) * scale in float32.
 * What else is U8 has formats of its own (MXFP4, MXFP8, NVFP4), which other methods decode.
 *
 * Facts: `dequant_model` in conversion/base.py; compressed_tensors/compressors and quantization/lifecycle/forward.py.
 */
export const compressedTensors: Method = {
  name: 'compressed-tensors',
  is: ({ method }) => method === 'compressed-tensors',
  async decode(tensors, { config }, { fp8AsQ8 }) {
    if (config.format === 'marlin-24') {
      throw new UnsupportedMethodError('The checkpoint is quantized by compressed-tensors in the format marlin-24.');
    }
    const forms = formsOf(config.config_groups);
    await decodePacked(
      tensors,
      stems(tensors, PACKED).filter((weight) => dtypeOf(tensors.get(weight + PACKED)) === 'I32'),
      forms,
    );
    const sparse = stems(tensors, '.bitmask').map((module) => decodeSparse24(tensors, module));
    const sparseFloats = new Set(sparse.filter(({ isScaled }) => isScaled).map(({ weight }) => weight));
    const toQ8 = fp8AsQ8 && config.format !== 'naive-quantized';
    for (const weight of stems(tensors, SCALE)) {
      const codes = tensors.find(weight);
      const isFloat = codes !== undefined && (isScaled(dtypeOf(codes)) || sparseFloats.has(weight));
      const isKnown = isFloat || (codes && dtypeOf(codes) === 'I8');
      if (isKnown && SCALE_DTYPES.includes(dtypeOf(tensors.get(weight + SCALE)))) {
        decodeScaled(tensors, weight, { forms, isFloat, toQ8 });
      }
    }
    tensors.drop(...tensors.names().filter((name) => UNUSED.test(name)));
  },
};

/** Of activations and of the key-value cache. */
const UNUSED = /\.((input|output)_(scale|zero_point|g_idx)|[qkv]_(scale|zero_point))$/;

/** What stands before an ending in the names that have it. */
function stems(tensors: PlainTensors, ending: string): readonly string[] {
  return tensors.names().flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []));
}

interface Scaled {
  readonly forms: readonly Form[];
  readonly isFloat: boolean;
  readonly toQ8: boolean;
}

/** Puts the values of 8-bit floats or integers in the place of their codes. */
function decodeScaled(tensors: PlainTensors, weight: string, { forms, isFloat, toQ8 }: Scaled): void {
  const codes = tensors.get(weight);
  const scale = tensors.get(weight + SCALE);
  const each = (expr: TensorExpr) => forElements(expr, shapeOf(codes), forms, weight);
  const zero = isFloat ? undefined : tensors.find(`${weight}_zero_point`);
  if (zero) {
    checkDType(`${weight}_zero_point`, zero, 'I8', 'I32');
    checkShape(`${weight}_zero_point`, zero, shapeOf(scale));
  }
  const values = zero ? sub(cast(codes, 'F32'), each(zero)) : codes;
  const forced = toQ8 && isFloat && shapeOf(codes).length >= 2 ? 'Q8_0' : undefined;
  tensors.set(weight, scaled(values, each(scale)), isFloat ? 'FP8' : 'INT8', forced);
  tensors.drop(weight + SCALE, `${weight}_zero_point`);
}

/** Scales or zero points for each element of a weight. @throws QuantizedTensorError where they are for another */
function forElements(expr: TensorExpr, shape: readonly number[], forms: readonly Form[], name: string): TensorExpr {
  const own = shapeOf(expr);
  const block = forms
    .map(({ block, group }) => block ?? (group === null ? null : [group]))
    .find((sizes) => sizes !== null && own.join() === blocks(shape, sizes).join());
  const single = elementCount(own) === 1 ? shape.map(() => 1) : own;
  const values = computedOnce(cast(expr, 'F32'));
  return block ? perElement(values, shape, block, name) : broadcast(reshape(values, single), shape, name);
}

/** How many blocks there are along each dimension. */
function blocks(shape: readonly number[], sizes: readonly number[]): readonly number[] {
  const first = shape.length - sizes.length;
  return shape.map((size, i) => Math.ceil(size / (sizes[i - first] ?? 1)));
}
