import { open } from 'node:fs/promises';
import { type Loss, lossOf } from '../../convert/measure-losses.js';
import { blockSize, type GgmlType, rowBytes } from '../../gguf/types.js';
import { newErrorSums, quantizeRows } from '../../quantize/native.js';
import { bitsOf } from '../../quantize/target/candidates.js';
import { elementCount } from '../../tensor/expr.js';
import { WeightsFileError } from '../engine.js';
import type { WeightTensor } from '../graph.js';

/** Types whose kernels are fast, and need no weights. */
const PROBES: readonly GgmlType[] = ['Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'Q4_0', 'Q5_0', 'Q8_0'];

/** The one whose bits are nearest to those asked for, of those that the rows fit. */
export function probeType(columns: number, bits: number): GgmlType | undefined {
  const distance = (type: GgmlType) => Math.abs(Math.log(bitsOf(type) / bits));
  return PROBES.filter((type) => columns % blockSize(type) === 0).toSorted((a, b) => distance(a) - distance(b))[0];
}

/** A tensor with what it lost when it was quantized. */
export interface Coarse {
  readonly tensor: WeightTensor;
  readonly loss: Loss;
}

/** @param weights (matrices, columns) from the importance matrix. @throws WeightsFileError */
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
