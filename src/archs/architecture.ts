import type { CountName, DerivationName } from '../config/derivations.js';
import type { ScalarType } from '../gguf/types.js';
import type { ForcedType } from '../tensor/expr.js';
import type { TransformName } from '../tensor/transforms.js';
import type { TokenizerPlan } from '../tokenizer/plan.js';
import type { ExtraName } from './extra-tensors.js';

/**
 * One family of models, as data: how its configuration becomes key-values, and its checkpoint's names GGUF names. It
 * prints as JSON (`hf2gguf archs NAME --json`) and is read from it (`--arch-file`).
 */
export interface Architecture {
  /** Class names in `architectures` of config.json. */
  readonly classes: readonly string[];
  /** What else has to hold of the configuration, where several families share a class. */
  readonly when?: Condition;
  /** `general.architecture`. */
  readonly gguf: string;
  /** A released repository of the family. */
  readonly example: string;
  /** The `<gguf>.*` keys and `general.file_type`, in the reference's order; a key set again keeps its first place. */
  readonly keys: readonly KeyRow[];
  /** Keys that stand before the metadata: the reference writes them first, or as it goes over the tensors. */
  readonly firstKeys?: readonly KeyRow[];
  /** What blocks' names begin with: `{L}` of the rules. */
  readonly blocks: readonly (string | LaterBlocks)[];
  /** How many blocks the checkpoint has, where that is not config.json's number of layers. */
  readonly blockLimit?: Value;
  /** Parts of the checkpoint's names that are taken out before anything else is decided by them. */
  readonly strip: readonly string[];
  /** Parts of the names that are taken out after `ignore` was looked up, such as the name of the model within another. */
  readonly unwrap: readonly string[];
  /** Parts of the names and what stands in their place from then on. */
  readonly rename?: readonly (readonly [part: string, by: string])[];
  /** Names of what is no part of this model, such as image encoders; `*` stands for anything. */
  readonly ignore: readonly string[];
  /** Names of what is read with the rest but not written, such as buffers; `*` stands for anything. */
  readonly drop: readonly string[];
  readonly tensors: readonly TensorRule[];
  /** Tensors of blocks that stand before all others, by their names in the file; `*` stands for anything. */
  readonly ahead?: readonly string[];
  /** Types that tensors of the file have whatever `--outtype` says, by their name in it; `*` stands for anything. */
  readonly types?: readonly (readonly [name: string, type: ForcedType, when?: Condition])[];
  /** What is read of the weights while planning, all at once. */
  readonly probes?: readonly Probe[];
  /** Tensors that come from the configuration; they stand before the checkpoint's. */
  readonly extra?: readonly ExtraName[];
  /** JSON files beside config.json that its derivations read. */
  readonly files?: readonly string[];
  /**
   * Whether sentence-transformers' Dense layers are written where they are asked for; or the path of one that always is,
   * as `dense_2`, where the repository has it.
   */
  readonly denseModules?: true | string;
  /** Blocks for multi-token prediction, if the family has them. */
  readonly mtp?: Mtp;
  /** Tensors that are made from what probes found; they stand behind the checkpoint's. */
  readonly lastExtra?: readonly ExtraName[];
  /**
   * A draft model has the vocabulary of the model that it drafts for (`--target-model-dir`): read from its files by the
   * plan of this family (`files`), or by that of its own (`family`).
   */
  readonly target?: 'files' | 'family';
  /** Which kinds of tokenizers to try, in order, and what is written beside them; default: byte-level BPE alone. */
  readonly tokenizer?: TokenizerPlan;
  /** No record of what the reference writes is among the tests. */
  readonly unproven?: true;
}

/** Blocks that are numbered anew in the checkpoint, and stand behind others in the file. */
export interface LaterBlocks {
  readonly begin: string;
  /** How many blocks stand before them. */
  readonly after: CountName;
}

/**
 * Multi-token prediction: blocks behind the model's own that draft further tokens. They count as blocks where they are
 * converted; `{ derive: 'mtp' }` is `with` then, `only` where nothing else is, and `without` where they are left out.
 */
export interface Mtp {
  /** How many there are; 0 where there is no value. */
  readonly blocks: Value;
  /** Where `blocks` says 0: the beginning of their names in the checkpoint, `mtp.layers.{b}`, to count them by. */
  readonly counted?: string;
  /** Names of tensors that belong to them, beside `model.layers.{b}` from the model's own blocks on; `*` is anything. */
  readonly names?: readonly string[];
  /** What `--mtp` keeps beside them. Without, `--mtp` and `--no-mtp` are refused. */
  readonly keep?: readonly string[];
  /** `alone`: with `--mtp` only; `never`: they are read and not written. Default: with the model. */
  readonly convert?: 'alone' | 'never';
  /** They are a model by themselves: the blocks that config.json counts are those of the one that it drafts for. */
  readonly instead?: true;
  /** The file of `--mtp` is named as the whole model's would be. */
  readonly plainName?: true;
}

export type Scalar = string | number | boolean | null;

/** Something that holds of a configuration or does not. */
export type Condition =
  | { readonly field: string; readonly is: Scalar | readonly Scalar[] }
  | { readonly field: string; readonly exists: boolean }
  | { readonly derive: DerivationName; readonly is: Scalar | readonly Scalar[] }
  | { readonly value: Value; readonly is: Scalar | readonly Scalar[] }
  | { readonly value: Value; readonly above: number }
  /** Whether a value is there, and neither null, false, 0 nor empty. */
  | { readonly set: Value }
  | { readonly probe: string; readonly is: boolean }
  | { readonly not: Condition }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] };

/** A key-value: `{arch}` in the key stands for `gguf`. It is not written where there is no value, or `when` does not hold. */
export type KeyRow = readonly [key: string, type: KeyType, from: Value, when?: Condition];

/** `u32|i32[]`: one number, or one for each block. */
export type KeyType =
  | Extract<ScalarType, 'u32' | 'i32' | 'f32' | 'bool' | 'string'>
  | 'u32|i32[]'
  | 'i32[]'
  | 'f32[]'
  | 'u64[]'
  | 'bool[]'
  | 'string[]';

/**
 * A value that follows from the configuration; there is none where a field that it needs is missing. Examples:
 *
 *   { fields: ['hidden_size', 'n_embd'] }
 *   { derive: 'head_dim' }
 *   { math: 'mul', of: [{ fields: ['expand'], or: 2 }, { fields: ['hidden_size'] }] }
 *   { layers: { list: { fields: ['layer_types'] }, is: 'sliding_attention' } }
 *   { layers: { list: { fields: ['layer_types'] }, is: 'attention' }, yes: { derive: 'kv_head_count' }, no: { value: 0 } }
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
  | { readonly derive: DerivationName }
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
export type MathName = 'add' | 'sub' | 'mul' | 'div' | 'quotient' | 'pow' | 'min' | 'max';

/**
 * Which blocks: those with a certain element in a list, every so many, all from one on, or those whose number a list has;
 * `after` is added to a block's number.
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
export type PartName = 'rope' | 'rope_root' | 'rope_sliding' | 'target';

/**
 * A tensor's way from the checkpoint's names to the file's. In names, `{L}` is any of `blocks`, `{b}` a block's number,
 * `{x}` another number, `{mtp}` each block for multi-token prediction, and `.*` at the end `.weight`, `.bias` or nothing. All rules for a name apply, in the table's
 * order: a tensor that becomes several has several rules. Examples:
 *
 *   { from: ['lm_head.*'], to: 'output.*' }
 *   { from: ['{L}.self_attn.q_proj.*'], to: 'blk.{b}.attn_q.*', via: [['rotary', 'head_count']] }
 *   { from: ['{L}.mlp.experts.{x}.up_proj.*'], each: 'expert_count', group: 'experts', to: 'blk.{b}.ffn_up_exps.*' }
 *   { all: ['{L}.q.*', '{L}.k.*'], to: 'blk.{b}.attn_qk.*', via: [['concat', 0]] }
 *   { from: ['{L}.kv.*'], to: 'blk.{b}.attn_v.*', via: [['split', 0, 'k_size', 'v_size'], ['take', 1]] }
 */
export interface TensorRule {
  /** The spellings of one tensor's name. */
  readonly from?: readonly string[];
  /** In place of `from`: tensors that become one, in this order; it stands where the last of them does. */
  readonly all?: readonly string[];
  /** The rule is none where this does not hold. */
  readonly when?: Condition;
  /** The rule is for these blocks alone. */
  readonly on?: LayerTest;
  /** Without, the tensor is not written. */
  readonly to?: string;
  /** What is done to the values, one after the other; in the end there is one tensor. */
  readonly via?: readonly Transform[];
  /** Of several tensors with these names the first one is written. */
  readonly first?: true;
  /** How many `{x}` there are: they are stacked by number before anything else is done. */
  readonly each?: CountName;
  /** Rules of a group are written together, in the table's order, where the last tensor of any of them stands. */
  readonly group?: string;
}

/**
 * A named transform and its parameters: numbers, values, what probes found, named counts, or fields of config.json. Of a
 * value that is a list, the element for the tensor's block counts.
 */
export type Transform = readonly [name: TransformName, ...parameters: (number | string | Value)[]];

/** A fact about the weights that keys and conditions ask for by its `id`. */
export interface Probe {
  readonly id: string;
  /**
   * `averages`: the mean of each tensor as torch computes it, 0 for those that the checkpoint lacks;
   * `values`: the elements; `integers`: the elements as whole numbers, which may be greater than floats can say; `mean`: of
   * each tensor, that of the magnitudes; `norms`: the norm of each column; `shape`: the dimensions, outermost first; `zero`:
   * whether the elements of all are 0; `zero-rows`: which rows are 0, of those that stand `from` a number on; `equal`:
   * whether two tensors are the same; `there`: whether the checkpoint has one of the tensors, none of which is read.
   */
  readonly want:
    | 'values'
    | 'averages'
    | 'integers'
    | 'mean'
    | 'norms'
    | 'shape'
    | 'zero'
    | 'zero-rows'
    | 'equal'
    | 'there';
  readonly from?: Value;
  /**
   * Names in the checkpoint. `{b}` stands for each block in turn, whose values come one after the other; names with `*`,
   * which is anything, may be of no tensor.
   */
  readonly of: readonly string[];
  /** Nothing is read where this does not hold. */
  readonly when?: Condition;
}
