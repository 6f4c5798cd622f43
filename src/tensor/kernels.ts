import type { DType } from './dtype.js';

/** What moves elements and computes with them: native code, which `evaluate` is handed. */
export interface TensorKernels {
  /** Copies elements from one strided layout to another. Sizes are outermost first; strides and offsets in elements. */
  copy(params: CopyParams): void;
  /** Elements of one dtype as another, rounded to nearest even. @throws RangeError for whole numbers that do not fit */
  cast(source: Uint8Array, from: DType, target: Uint8Array, to: DType): void;
  /** Element by element; `right` has as many elements as `left`, or one. Each operation is rounded to `dtype`. */
  binary(
    op: 'add' | 'sub' | 'mul' | 'div',
    dtype: 'F32' | 'F16',
    left: Uint8Array,
    right: Uint8Array,
    target: Uint8Array,
  ): void;
  /** A function of each element, with torch's results on x86-64. */
  unary(fn: 'neg' | 'sqrt' | 'exp' | 'softplus', dtype: 'F32' | 'F16', source: Uint8Array, target: Uint8Array): void;
  /** Codes of `bits` bits from words of `wordBytes`, the lowest bits first, a byte each. */
  unpack(source: Uint8Array, wordBytes: 1 | 2 | 4, bits: number, target: Uint8Array): void;
  /** ggml's blocks from rows of codes, two a byte, and a scale byte for each block. */
  repack(type: 'MXFP4' | 'NVFP4', codes: Uint8Array, scales: Uint8Array, target: Uint8Array): void;
  /** Runs of `elementBytes`, by number. @throws RangeError for a number that the source does not have */
  gather(source: Uint8Array, elementBytes: number, indices: Int32Array, target: Uint8Array): void;
}

export interface CopyParams {
  readonly source: Uint8Array;
  readonly sourceOffset: number;
  readonly sourceStrides: readonly number[];
  readonly target: Uint8Array;
  readonly targetOffset: number;
  readonly targetStrides: readonly number[];
  readonly sizes: readonly number[];
  readonly elementBytes: number;
}
