import { cast, reshape } from '../../tensor/build.js';
import { bytesOf, type ScaledType } from '../../tensor/dtype.js';
import { rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { bytesOfRows, computedOnce, pairValues } from './packed-codes.js';
import { QuantizedTensorError } from './plain-tensors.js';
import { perElement, scaled } from './scales.js';

/**
 * The formats of NVIDIA and of the OCP's Microscaling specification: floats of 4 or 8 bits in groups along a row, a byte of
 * scale each. MXFP4: E2M1 in groups of 32, scales E8M0 (2^(byte - 127)). MXFP8: E4M3, the same scales. NVFP4: E2M1 in groups
 * of 16, scales E4M3. Of two codes of 4 bits in a byte the low one is the first.
 */
export const MICRO_FLOATS = {
  MXFP4: { bits: 4, group: 32, scale: 'F8_E8M0' },
  MXFP8: { bits: 8, group: 32, scale: 'F8_E8M0' },
  NVFP4: { bits: 4, group: 16, scale: 'F8_E4M3' },
} as const satisfies Record<string, { bits: 4 | 8; group: number; scale: ScaledType }>;

export type MicroFloat = keyof typeof MICRO_FLOATS;

/** Codes and scales of a weight, each a byte an element at least. */
export interface Packed {
  readonly codes: TensorExpr;
  readonly scales: TensorExpr;
}

const E2M1: TensorExpr = {
  op: 'constant',
  dtype: 'F32',
  shape: [16],
  values: [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6],
};

/**
 * The codes' and scales' bytes of a weight, and its shape.
 * @throws QuantizedTensorError where there is not a scale for each group
 */
export function packedBytes(format: MicroFloat, { codes, scales }: Packed, name: string): Packed & Shaped {
  const { bits, group } = MICRO_FLOATS[format];
  const [own, each] = [bytesOfRows(codes, name), bytesOfRows(scales, name)];
  const shape = [...shapeOf(own).slice(0, -1), (rowLength(shapeOf(own)) * 8) / bits];
  const groups = [...shape.slice(0, -1), rowLength(shape) / group];
  if (bytesOf(dtypeOf(scales), 1) !== 1 || shapeOf(each).join() !== groups.join()) {
    throw new QuantizedTensorError(
      `Tensor ${name} is [${shape.join(', ')}] as ${format}, and its scales are ${dtypeOf(scales)} of [${shapeOf(scales).join(', ')}].`,
    );
  }
  return { codes: own, scales: each, shape };
}

interface Shaped {
  readonly shape: readonly number[];
}

/**
 * Codes times scales in float32.
 * @param changed what the scales become before they are used.
 * @throws QuantizedTensorError as `packedBytes` does
 */
export function microFloats(
  format: MicroFloat,
  packed: Packed,
  name: string,
  changed: (scales: TensorExpr) => TensorExpr = (own) => own,
): TensorExpr {
  const { bits, group, scale } = MICRO_FLOATS[format];
  const { codes, scales, shape } = packedBytes(format, packed, name);
  const values = bits === 4 ? reshape(pairValues(codes, E2M1, 'low first'), shape) : as(codes, 'F8_E4M3');
  const each = computedOnce(changed(cast(as(scales, scale), 'F32')));
  return scaled(values, perElement(each, shape, [group], name));
}

/** Bytes of a file as another dtype of one byte. */
function as(bytes: TensorExpr, dtype: ScaledType): TensorExpr {
  return bytes.op === 'source' ? { ...bytes, dtype } : bytes;
}
