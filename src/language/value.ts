export type Scalar = string | number | boolean | null;

/** Something that holds of a configuration or does not. */
export type Condition =
  | { readonly field: string; readonly is: Scalar | readonly Scalar[] }
  | { readonly field: string; readonly exists: boolean }
  | { readonly derive: string; readonly is: Scalar | readonly Scalar[] }
  | { readonly value: Value; readonly is: Scalar | readonly Scalar[] }
  | { readonly value: Value; readonly above: number }
  /** Whether a value is there, and neither null, false, 0 nor empty. */
  | { readonly set: Value }
  | { readonly probe: string; readonly is: boolean }
  | { readonly not: Condition }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] };

/**
 * A value that follows from the configuration; there is none where a field that it needs is missing. Examples:
 *
 *   { fields: ['hidden_size', 'n_embd'] }
 *   { derive: 'head_dim' }
 *   { math: 'mul', of: [{ fields: ['expand'], or: 2 }, { fields: ['hidden_size'] }] }
 *   { layers: { list: { fields: ['layer_types'] }, is: 'sliding_attention' } }
 *   { layers: { from: { value: 1 } }, yes: { derive: 'kv_head_count' }, no: { value: 0 } }
 *   { layers: { every: { fields: ['sliding_window_pattern'] }, after: 1 }, yes: { value: false }, no: { value: true } }
 */
export type Value =
  /** The first of some fields that is there, of the configuration or a part of it, else `or`. */
  | {
      readonly fields: readonly string[];
      readonly of?: PartName | readonly string[];
      readonly required?: true;
      readonly or?: string | number | boolean;
    }
  | { readonly value: string | number | boolean | readonly number[] | readonly string[] }
  | { readonly derive: string }
  /** In a transform: the number of the tensor's block. */
  | { readonly block: true }
  /** An element of a list, counted from 0. */
  | { readonly element: number; readonly of: Value }
  /** A probe's values. */
  | { readonly probe: string; readonly required?: true }
  /** The first of some values that is there. */
  | { readonly first: readonly Value[] }
  /** Python's arithmetic, from left to right. */
  | { readonly math: MathName; readonly of: readonly Value[] }
  /** A list with a value for each block: `yes` where the test holds of it, else `no`; without them true and false. */
  | { readonly layers: LayerTest; readonly yes?: Value; readonly no?: Value };

/** `div` is the quotient of floats, `quotient` the one that is rounded down. */
export const MATH = ['add', 'sub', 'mul', 'div', 'quotient', 'pow', 'min', 'max'] as const;
export type MathName = (typeof MATH)[number];

/**
 * Which blocks: those with a certain element in a list, every so many, all from one on, or those whose number a list
 * has; `after` is added to a block's number.
 */
export type LayerTest =
  | { readonly list: Value; readonly is: Scalar | readonly Scalar[] }
  | { readonly every: Value; readonly after?: number | Value }
  | { readonly from: Value }
  | { readonly among: Value; readonly after?: number }
  | { readonly not: LayerTest };

/**
 * Parts of the configuration: the rotary fields of layers with full attention, of all, and of those with a window; the
 * configuration of the model that this one drafts for.
 */
export const PARTS = ['rope', 'rope_root', 'rope_sliding', 'target'] as const;
export type PartName = (typeof PARTS)[number];

/** What a key is; `u32|i32[]` is one number, or one for each block. */
export const KEY_TYPES = [
  ...(['u32', 'i32', 'f32', 'bool', 'string', 'u32|i32[]', 'i32[]', 'f32[]', 'u64[]', 'bool[]', 'string[]'] as const),
];
export type KeyType = (typeof KEY_TYPES)[number];

/** What a probe of the weights found: values, or whether what it asks is so. */
export type Probed = boolean | readonly number[] | readonly string[];

/** What a formula comes to; undefined writes no key. */
export type Derived = string | number | boolean | readonly number[] | readonly string[] | undefined;
