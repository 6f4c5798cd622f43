/**
 * The tensor types and value types of GGUF version 3.
 * Numbers: ggml.h (`ggml_type`) and gguf.h (`gguf_type`) of llama.cpp v0.5.0; block sizes: ggml-common.h.
 */

/** ggml type → [number in the file, elements a block, bytes a block]. */
export const GGML_TYPES = {
  F32: [0, 1, 4],
  F16: [1, 1, 2],
  Q4_0: [2, 32, 18],
  Q4_1: [3, 32, 20],
  Q5_0: [6, 32, 22],
  Q5_1: [7, 32, 24],
  Q8_0: [8, 32, 34],
  Q2_K: [10, 256, 84],
  Q3_K: [11, 256, 110],
  Q4_K: [12, 256, 144],
  Q5_K: [13, 256, 176],
  Q6_K: [14, 256, 210],
  IQ2_XXS: [16, 256, 66],
  IQ2_XS: [17, 256, 74],
  IQ3_XXS: [18, 256, 98],
  IQ1_S: [19, 256, 50],
  IQ4_NL: [20, 32, 18],
  IQ3_S: [21, 256, 110],
  IQ2_S: [22, 256, 82],
  IQ4_XS: [23, 256, 136],
  I8: [24, 1, 1],
  I16: [25, 1, 2],
  I32: [26, 1, 4],
  I64: [27, 1, 8],
  F64: [28, 1, 8],
  IQ1_M: [29, 256, 56],
  BF16: [30, 1, 2],
  TQ1_0: [34, 256, 54],
  TQ2_0: [35, 256, 66],
  MXFP4: [39, 32, 17],
  NVFP4: [40, 64, 36],
  Q1_0: [41, 128, 18],
  Q2_0: [42, 64, 18],
} as const satisfies Record<string, readonly [number, number, number]>;

export type GgmlType = keyof typeof GGML_TYPES;

export function blockSize(type: GgmlType): number {
  return GGML_TYPES[type][1];
}

/** Bytes of one row of `columns` elements, which must be a multiple of the block size. */
export function rowBytes(type: GgmlType, columns: number): number {
  const [, elements, bytes] = GGML_TYPES[type];
  return (columns / elements) * bytes;
}

/** GGUF value type → its number in the file. */
export const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

export type ScalarType = Exclude<keyof typeof VALUE_TYPES, 'array'>;
export type Scalar = number | bigint | boolean | string;

/** A key's value, plain data: `u64` and `i64` may be bigints. */
export type GgufValue =
  | { readonly type: ScalarType; readonly value: Scalar }
  | { readonly type: 'array'; readonly of: ScalarType; readonly value: ArrayLike<Scalar> };

/** `u32`, `string[]`. */
export function typeName(value: GgufValue): string {
  return value.type === 'array' ? `${value.of}[]` : value.type;
}
