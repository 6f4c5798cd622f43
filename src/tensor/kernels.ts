import type { DType } from './dtype.js';

/** The types that a cast makes. It rounds to nearest even, and refuses values that an integer type does not have. */
export type CastTarget = 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I8';

/** The dtypes of arithmetic. */
export type ComputeType = 'F32' | 'F16';

/** The floats that a formula makes. */
export type FloatType = 'F32' | 'F16' | 'BF16';

export type BinaryOp = 'add' | 'sub' | 'mul' | 'div';

/**
 * Functions with torch's float32 results on x86-64, to the bit: exp is that of MKL without FMA, softplus that of AVX2.
 * `ternary` is the nearest of -1, 0 and 1, of which halves become 0.
 */
export type UnaryFunction = 'neg' | 'sqrt' | 'exp' | 'softplus' | 'ternary';

/**
 * A step of a formula. Those before `binary` put an element on a stack; the others replace the upmost one or two by a
 * result. All compute in float32.
 */
export type FormulaStep =
  /** Elements of a buffer: each stands `run` times, and then each group of `inner` elements `repeat` times. */
  | {
      readonly kind: 'values';
      readonly data: Uint8Array;
      readonly dtype: DType;
      readonly inner: number;
      readonly repeat: number;
      readonly run: number;
    }
  /** Elements of each group of `inner`, by their numbers in the group. */
  | {
      readonly kind: 'picked';
      readonly data: Uint8Array;
      readonly dtype: DType;
      readonly inner: number;
      readonly index: Int32Array;
    }
  /**
   * A view of codes of 1 to 8 bits that lie without gaps, as `unpack` has them: `first` is the number of its first
   * code, the strides of `axes`, outermost first and at least one, count codes.
   */
  | {
      readonly kind: 'codes';
      readonly data: Uint8Array;
      readonly bits: number;
      readonly first: number;
      readonly axes: readonly (readonly [size: number, stride: number])[];
    }
  /** Rows of a table of 256, of 1, 2, 4 or 8 float32 each, by the bytes of `data`. */
  | { readonly kind: 'lookup'; readonly data: Uint8Array; readonly table: Uint8Array; readonly width: number }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'binary'; readonly op: BinaryOp }
  | { readonly kind: 'unary'; readonly fn: UnaryFunction }
  | { readonly kind: 'round'; readonly to: 'F16' | 'BF16' };

/** The most elements that may be on a formula's stack. */
export const FORMULA_DEPTH = 6;

/**
 * A copy of a box of elements between two strided layouts. Element (i, j, ...) lies at offset + i * strides[0] +
 * j * strides[1] + ... in its buffer. Strides may be 0 or negative.
 */
export interface CopyParams {
  readonly source: Uint8Array;
  /** Counted in elements, like the strides. */
  readonly sourceOffset: number;
  readonly sourceStrides: readonly number[];
  readonly target: Uint8Array;
  readonly targetOffset: number;
  readonly targetStrides: readonly number[];
  /** Outermost first, at most 16; the strides are in the same order. */
  readonly sizes: readonly number[];
  /** Bytes of an element, which may be a whole row. */
  readonly elementBytes: number;
}

/**
 * The kernels that rearrange elements of tensors and compute on them. Buffers are little-endian and may have any
 * alignment. The target must not overlap a source. Every call throws a RangeError if the size of a buffer is wrong.
 */
export interface TensorKernels {
  copy(params: CopyParams): void;

  /**
   * Casts elements of any dtype to F32, F16 or BF16 (by way of F32, each step rounded to nearest even), or to I64, I32
   * or I8.
   * @throws RangeError if an integer type does not have a value. The target is then half-written.
   */
  cast(source: Uint8Array, from: DType, target: Uint8Array, to: CastTarget): void;

  /**
   * Computes element by element. `right` has as many elements as `left`, or one. F16 elements are computed in float32,
   * and the result is rounded to float16, as torch does on a CPU.
   */
  binary(op: BinaryOp, dtype: ComputeType, left: Uint8Array, right: Uint8Array, target: Uint8Array): void;

  /** Computes a function of each element, F16 elements as `binary` does. */
  unary(fn: UnaryFunction, dtype: ComputeType, source: Uint8Array, target: Uint8Array): void;

  /**
   * Computes all elements of `target` by a formula, a few at a time, so that nothing between its steps is stored. Its
   * steps leave one element on the stack, which is rounded to `to`.
   */
  formula(steps: readonly FormulaStep[], to: FloatType, target: Uint8Array): void;

  /**
   * Unpacks codes of 1 to 8 bits, a byte each, until `target` is full. The codes lie one after the other in
   * little-endian words, from the lowest bit on. Where `bits` does not divide a word, a code continues in the next
   * word, as GPTQ's codes of 3 bits do. `source` has as many words as the codes take.
   */
  unpack(source: Uint8Array, wordBytes: 1 | 2 | 4, bits: number, target: Uint8Array): void;

  /**
   * ggml's blocks from codes of 4 bits, two a byte in the order of the elements (the first one low), and one byte of
   * scale a group. MXFP4: groups of 32 with E8M0 scales, a block of 17 bytes each. NVFP4: groups of 16 with E4M3
   * scales, four of them a block of 36 bytes; the scales lose their sign, as in the reference's `_nvfp4_pack`.
   */
  repack(type: 'MXFP4' | 'NVFP4', codes: Uint8Array, scales: Uint8Array, target: Uint8Array): void;

  /**
   * Copies one element for each index. An element has `elementBytes` bytes and may be a whole row.
   * @throws RangeError if the source has no element of an index
   */
  gather(source: Uint8Array, elementBytes: number, indices: Int32Array, target: Uint8Array): void;
}
