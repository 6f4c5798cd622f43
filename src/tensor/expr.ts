import type { GgmlType } from '../gguf/types.js';
import type { ElementType } from './dtype.js';
import type { BinaryOp, CastTarget, UnaryFunction } from './kernels.js';

/**
 * An output tensor as plain data: a tree over source tensors that can be evaluated for any range of rows.
 *
 * Shapes are the checkpoint's: outermost dimension first; the last one is a row. Functions of `build.ts` make the
 * trees, `rows.ts` reads them, and `operators/` has a file for each operator. Some examples, as they are built and as
 * they are kept, `W` being the source `[8, 6]`:
 *
 *   transpose(W, 0, 1)                  view of W: shape [6, 8], axes [[6, 1], [8, 6]]
 *   slice(W, 0, 2, 4)                   the source itself, from its third row on: shape [2, 6]
 *   permute(reshape(W, [2, 2, 2, 6]), [0, 2, 1, 3])
 *                                       view of W: axes [[2, 24], [2, 6], [2, 12], [6, 1]]
 *   add(W, 1)                           add(W, fill of 1)
 *   stack([W, V])                       concat of W and V as [1, 8, 6], along axis 0: shape [2, 8, 6]
 *   transpose(add(W, 1), 0, 1)          add(view of W, fill of 1): views are pushed down to the sources
 */
export type TensorExpr =
  | SourceExpr
  | ConstantExpr
  | FillExpr
  | ViewExpr
  | ConcatExpr
  | GatherExpr
  | ArithmeticExpr
  | ApplyExpr
  | CastExpr
  | NormExpr
  | UnpackExpr
  | RepackExpr;

/** A tensor of the checkpoint or of a GGUF file, or a run of its rows: contiguous in one file from byte `offset`. */
export interface SourceExpr {
  readonly op: 'source';
  readonly name: string;
  readonly file: string;
  readonly offset: number;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** Values known from the configuration alone. I64 values are safe integers. */
export interface ConstantExpr {
  readonly op: 'constant';
  readonly dtype: 'F32' | 'I32' | 'I64';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** One value for all elements. */
export interface FillExpr {
  readonly op: 'fill';
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly shape: readonly number[];
  readonly value: number;
}

/**
 * Elements in another arrangement: what reshape, permute, slice and expand give, and any sequence of them. Element `i`
 * of the result, in row-major order, is the element `offset + sum(index_k * stride_k)` of `of`, where `index_k` are the
 * digits of `i` in the mixed radix of the axes' sizes. A stride of 0 repeats.
 */
export interface ViewExpr {
  readonly op: 'view';
  readonly of: TensorExpr;
  readonly shape: readonly number[];
  /** Outermost first. Strides count elements of `of`. No two neighbours could be merged into one axis. */
  readonly axes: readonly Axis[];
  readonly offset: number;
}

export type Axis = readonly [size: number, stride: number];

/** Tensors one after the other along an axis; their other dimensions are equal. */
export interface ConcatExpr {
  readonly op: 'concat';
  readonly axis: number;
  readonly of: readonly TensorExpr[];
}

/** Slices along an axis, picked by number. `axis` is the first dimension or the last. */
export interface GatherExpr {
  readonly op: 'gather';
  readonly axis: number;
  readonly of: TensorExpr;
  /** One dimension, I32 or I64. */
  readonly index: TensorExpr;
}

/**
 * Computed element by element. Both sides have the same shape and the same dtype, F32 or F16, to which each operation
 * is rounded. `build.ts` adds the casts that this needs.
 */
export interface ArithmeticExpr {
  readonly op: BinaryOp;
  readonly left: TensorExpr;
  readonly right: TensorExpr;
}

/** A function of each element. The dtype is F32 or F16, and the results are torch's. */
export interface ApplyExpr {
  readonly op: 'apply';
  readonly fn: UnaryFunction;
  readonly of: TensorExpr;
}

/** The elements in another dtype, rounded to nearest even. */
export interface CastExpr {
  readonly op: 'cast';
  readonly to: CastTarget;
  readonly of: TensorExpr;
}

/** torch's `norm` along the first dimension of a matrix, `[1, columns]` in F32; sums begin with the first row. */
export interface NormExpr {
  readonly op: 'norm';
  readonly of: TensorExpr;
}

/**
 * The codes that the words of `of` hold along the last axis, lowest bits first, as U8. `bits` divides the word: a word
 * of 32 bits holds 8 codes of 4 bits.
 */
export interface UnpackExpr {
  readonly op: 'unpack';
  readonly bits: number;
  readonly of: TensorExpr;
}

/**
 * Blocks of a ggml type, made of the codes and scales that a checkpoint keeps in separate tensors with the same rows. A
 * byte of `codes` holds two codes, a byte of `scales` is the scale of a group of elements (see `TensorKernels.repack`).
 */
export interface RepackExpr {
  readonly op: 'repack';
  readonly to: 'MXFP4' | 'NVFP4';
  readonly shape: readonly number[];
  readonly codes: TensorExpr;
  readonly scales: TensorExpr;
}

/** A tensor under a name: one of the output file before its type is known, or one of the checkpoint. */
export interface NamedExpr {
  readonly name: string;
  readonly expr: TensorExpr;
  /** The type that the family gives it in the file, whatever `--outtype` says. */
  readonly forced?: ForcedType;
}

/** `float`: what `--outtype` asks for if that is F32, F16 or BF16, else F16. `outtype`: always what it asks for. */
export type ForcedType = Extract<GgmlType, 'F32' | 'F16' | 'BF16' | 'Q8_0' | 'I32'> | 'float' | 'outtype';

/** Elements of a shape. Checkpoint shapes were checked for overflow when their header was read. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Elements of a row: the last dimension (1 for a scalar). */
export const rowLength = (shape: readonly number[]): number => shape.at(-1) ?? 1;

/** Rows of a shape; a tensor whose rows have no elements has none. */
export const rowsOf = (shape: readonly number[]): number =>
  rowLength(shape) === 0 ? 0 : elementCount(shape) / rowLength(shape);
