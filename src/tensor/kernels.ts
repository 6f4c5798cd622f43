import type { DType } from './dtype.js';

/** What a cast makes: floats are rounded to nearest even, integers must be exact. */
export type CastTarget = 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I8';

/** What arithmetic is done on. */
export type ComputeType = 'F32' | 'F16';

export type BinaryOp = 'add' | 'sub' | 'mul' | 'div';

/** Functions with torch's float32 results on x86-64, to the bit: exp is that of MKL without FMA, softplus that of AVX2. */
export type UnaryFunction = 'neg' | 'sqrt' | 'exp' | 'softplus';

/**
 * A copy of a box of elements between two strided layouts. Element (i, j, ...) lies at offset + i * strides[0] +
 * j * strides[1] + ... in its buffer. Strides may be 0 or negative.
 */
export interface CopyParams {
  readonly source: Uint8Array;
  /** In elements, as the strides are. */
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
 * What rearranges tensors' elements and computes on them. Buffers are little-endian and may have any alignment; the
 * target must not overlap what is read. Every call throws a RangeError if a buffer has not the size that it asks for.
 */
export interface TensorKernels {
  copy(params: CopyParams): void;

  /**
   * Elements of any dtype as F32, F16 or BF16 (by way of F32, each time rounded to nearest even), or as I64, I32 or I8.
   * @throws RangeError if a value is not one of the integer type's: the target is then half-written.
   */
  cast(source: Uint8Array, from: DType, target: Uint8Array, to: CastTarget): void;

  /**
   * Element by element; `right` has as many elements as `left`, or one. Every operation is rounded once: of F16 elements
   * it is computed in float32, and that rounded to float16, as torch does on a CPU.
   */
  binary(op: BinaryOp, dtype: ComputeType, left: Uint8Array, right: Uint8Array, target: Uint8Array): void;

  /** Element by element; of F16 elements the function is computed in float32, and that rounded to float16. */
  unary(fn: UnaryFunction, dtype: ComputeType, source: Uint8Array, target: Uint8Array): void;

  /**
   * Codes of `bits` (1 to 8) bits to a byte each: as many as `target` holds. The codes lie one after the other in
   * little-endian words, from the lowest bit on. Where the bits don't divide a word, a code goes on in the next word, as
   * GPTQ's of 3 bits do. `source` has as many words as that takes.
   */
  unpack(source: Uint8Array, wordBytes: 1 | 2 | 4, bits: number, target: Uint8Array): void;

  /**
   * ggml's blocks from codes of 4 bits, two a byte in the order of the elements (the first one low), and one byte of scale
   * a group.
   * MXFP4: groups of 32 with E8M0 scales, a block of 17 bytes each.
   * NVFP4: groups of 16 with E4M3 scales, four of them a block of 36 bytes; the scales lose their sign, as in the
   * reference's `_nvfp4_pack`.
   */
  repack(type: 'MXFP4' | 'NVFP4', codes: Uint8Array, scales: Uint8Array, target: Uint8Array): void;

  /**
   * Elements of `elementBytes` (which may be rows), one for each index.
   * @throws RangeError if the source has no element of an index.
   */
  gather(source: Uint8Array, elementBytes: number, indices: Int32Array, target: Uint8Array): void;
}
