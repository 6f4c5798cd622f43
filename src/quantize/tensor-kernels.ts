import type { TensorKernels } from '../tensor/kernels.js';

/** A stand-in until the native kernels are there. */
export const tensorKernels: TensorKernels = {
  copy({ source, sourceOffset, sourceStrides, target, targetOffset, targetStrides, sizes, elementBytes }) {
    const go = (axis: number, from: number, to: number): void => {
      if (axis === sizes.length) {
        target.set(source.subarray(from * elementBytes, (from + 1) * elementBytes), to * elementBytes);
        return;
      }
      if (axis === sizes.length - 1 && sourceStrides[axis] === 1 && targetStrides[axis] === 1) {
        target.set(source.subarray(from * elementBytes, (from + (sizes[axis] ?? 1)) * elementBytes), to * elementBytes);
        return;
      }
      for (let i = 0; i < (sizes[axis] ?? 1); i++) {
        go(axis + 1, from + i * (sourceStrides[axis] ?? 0), to + i * (targetStrides[axis] ?? 0));
      }
    };
    go(0, sourceOffset, targetOffset);
  },
  cast(source, from, target, to) {
    if (from !== to && !(from === 'F32' && to === 'F32') && !(from === 'I32' && to === 'I32')) {
      todo();
    }
    target.set(source);
  },
  binary(op, _dtype, left, right, target) {
    const [a, b] = [new Float32Array(left.slice().buffer), new Float32Array(right.slice().buffer)];
    const r = a.map((x, i) => {
      const y = b.length === 1 ? (b[0] as number) : (b[i] as number);
      return op === 'add' ? x + y : op === 'sub' ? x - y : op === 'mul' ? x * y : x / y;
    });
    target.set(new Uint8Array(r.buffer));
  },
  unary(fn, _dtype, source, target) {
    const a = new Float32Array(source.slice().buffer);
    target.set(new Uint8Array(a.map((x) => (fn === 'neg' ? -x : Math.sqrt(x))).buffer));
  },
  unpack: todo,
  repack: todo,
  gather(source, elementBytes, indices, target) {
    indices.forEach((index, i) => {
      target.set(source.subarray(index * elementBytes, (index + 1) * elementBytes), i * elementBytes);
    });
  },
};

function todo(): never {
  throw new Error('No native kernels yet.');
}
