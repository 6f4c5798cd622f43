import { open } from 'node:fs/promises';
import { blockSize, type GgmlType, rowBytes } from '../../gguf/types.js';
import type { WeightTensor } from '../../graphs/weight-tensor.js';
import { newErrorSums, quantizeRows } from '../../quantize/native.js';
import { type Loss, lossOf } from '../../quantize/target/loss.js';
import { elementCount } from '../../tensor/expr.js';
import { WeightsFileError } from '../engine.js';

/** A type to which a tensor is quantized for a trial. */
export interface Probe {
  readonly type: GgmlType;
  /** Whether the result counts only for this type. Otherwise it counts for all types without a trial of their own. */
  readonly isSpecial?: true;
}

/**
 * Trials in the order of preference. A tensor gets the first two whose block size fits its rows. IQ3_S and MXFP4 are
 * special: their errors are correlated with the values (IQ3_S makes scales 3 % too large on purpose, and MXFP4's scales
 * are powers of 2), so they add up where those of other types cancel.
 */
const PROBES: readonly (readonly Probe[])[] = [
  [{ type: 'Q4_K' }, { type: 'IQ3_S', isSpecial: true }],
  [{ type: 'Q4_0' }, { type: 'MXFP4', isSpecial: true }],
];

/** The trials of a tensor, the usual one first; none if its rows fit no type. */
export function probesFor(columns: number): readonly Probe[] {
  return PROBES.find((probes) => probes.every(({ type }) => columns % blockSize(type) === 0)) ?? [];
}

/** The most trials of a tensor. */
export const MOST_PROBES = 2;

/** A quantized tensor, and its errors. */
export interface Coarse {
  readonly tensor: WeightTensor;
  readonly loss: Loss;
}

/** Quantizes a tensor for a trial. @param weights importance weights, (matrices, columns). @throws WeightsFileError */
export async function coarsen(
  tensor: WeightTensor,
  type: GgmlType,
  weights: Float32Array | undefined,
): Promise<Coarse> {
  const [columns = 1, rows = 1] = tensor.ne;
  const source = await bytesOf(tensor);
  const size = rows * rowBytes(type, columns);
  const matrices = elementCount(tensor.ne) / (rows * columns);
  const target = new Uint8Array(matrices * size);
  const errors = newErrorSums();
  const step = source.length / matrices;
  for (let i = 0; i < matrices; i++) {
    quantizeRows({
      ...{ type, sourceType: tensor.type, via: 'F32', rows, columns, errors },
      source: source.subarray(i * step, (i + 1) * step),
      weights: weights?.subarray(i * columns, (i + 1) * columns),
      target: target.subarray(i * size, (i + 1) * size),
    });
  }
  return { tensor: { ...tensor, type, data: { kind: 'memory', bytes: target } }, loss: lossOf(weights, errors) };
}

async function bytesOf({ name, type, ne, data }: WeightTensor): Promise<Uint8Array> {
  if (data.kind === 'memory') {
    return data.bytes;
  }
  const bytes = new Uint8Array(rowBytes(type, elementCount(ne)));
  const file = await open(data.path, 'r');
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, data.offset + done);
      if (bytesRead === 0) {
        throw new WeightsFileError(`${data.path} ends before the tensor ${name} does.`, 'Fetch or convert it again.');
      }
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes;
}
