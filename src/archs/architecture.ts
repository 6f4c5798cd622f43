import * as v from 'valibot';
import { COUNTS, DERIVATIONS } from '../config/derivations.js';
import { flag, formulaSchemas, list, maybe, nameOf, object, some, text, texts } from '../language/schema.js';
import { type Condition, KEY_TYPES, type KeyType, type Value } from '../language/value.js';
import { TRANSFORMS } from '../tensor/transforms.js';
import { KINDS } from '../tokenizer/kinds.js';
import { STEPS } from '../tokenizer/steps.js';
import { EXTRA_TENSORS } from './extra-tensors.js';

const { value, layerTest, condition } = formulaSchemas(nameOf({ ...COUNTS, ...DERIVATIONS }));
const keyType = v.picklist(KEY_TYPES);

/** A key-value; `{arch}` in the key stands for `gguf`. It is written where there is a value, and `when` holds. */
export type KeyRow = readonly [key: string, type: KeyType, from: Value, when?: Condition];
const keyRow: v.GenericSchema<KeyRow> = v.union([
  v.strictTuple([text, keyType, value]),
  v.strictTuple([text, keyType, value, condition]),
]);

/**
 * A named transform and its parameters: numbers, values, what probes found, named counts, or fields of config.json. Of
 * a value that is a list, the element for the tensor's block counts.
 */
const transform = v.pipe(v.tupleWithRest([nameOf(TRANSFORMS)], v.union([v.number(), text, value])), v.readonly());
export type Transform = v.InferOutput<typeof transform>;

const hasBlock = (name: string) => name.includes('{b}') || name.includes('{L}');
/**
 * A tensor's way from the checkpoint's names to the file's. In names, `{L}` is any of `blocks`, `{b}` a block's number,
 * `{x}` another number, `{mtp}` each block for multi-token prediction, and `.*` at the end `.weight`, `.bias` or
 * nothing. All rules for a name apply, in the table's order: a tensor that becomes several has several rules. Examples:
 *
 *   { from: ['lm_head.*'], to: 'output.*' }
 *   { from: ['{L}.self_attn.q_proj.*'], to: 'blk.{b}.attn_q.*', via: [['rotary', 'head_count']] }
 *   { from: ['{L}.mlp.experts.{x}.up_proj.*'], each: 'expert_count', group: 'experts', to: 'blk.{b}.ffn_up_exps.*' }
 *   { all: ['{L}.q.*', '{L}.k.*'], to: 'blk.{b}.attn_qk.*', via: [['concat', 0]] }
 *   { from: ['{L}.kv.*'], to: 'blk.{b}.attn_v.*', via: [['split', 0, 'k_size', 'v_size'], ['take', 1]] }
 */
const tensorRule = v.pipe(
  object({
    /** The spellings of one tensor's name. */
    from: maybe(some),
    /** In place of `from`: tensors that become one, in this order; it stands where the last of them does. */
    all: maybe(some),
    /** The rule is none where this does not hold. */
    when: maybe(condition),
    /** The rule is for these blocks alone. */
    on: maybe(layerTest),
    /** Without, the tensor is not written. */
    to: maybe(text),
    /** What is done to the values, one after the other; in the end there is one tensor. */
    via: maybe(list(transform)),
    /** How many `{x}` there are: they are stacked by number before anything else is done. */
    each: maybe(nameOf(COUNTS)),
    /** Of several tensors with these names the first one is written. */
    first: maybe(flag),
    /** Rules of a group are written together, in the table's order, where the last tensor of any of them stands. */
    group: maybe(text),
  }),
  v.check(({ from, all }) => (from === undefined) !== (all === undefined), 'needs either "from" or "all"'),
  v.check(
    ({ from, all, to }) => [...(from ?? []), ...(all ?? [])].every((name) => hasBlock(name) || !hasBlock(to ?? '')),
    'has {b} in "to", and no block in its names',
  ),
  v.check(
    ({ from, each }) => each === undefined || (from ?? []).every((name) => name.includes('{x}')),
    '"each" needs {x} in "from"',
  ),
);
export type TensorRule = v.InferOutput<typeof tensorRule>;

/** A fact about the weights that keys and conditions ask for by its `id`. */
const probe = object({
  id: text,
  /**
   * `averages`: the mean of each tensor as torch computes it, 0 for those that the checkpoint lacks; `values`: the
   * elements; `integers`: the elements as whole numbers, which may be greater than floats can say; `mean`: of each
   * tensor, that of the magnitudes; `norms`: the norm of each column; `shape`: the dimensions, outermost first; `zero`:
   * whether the elements of all are 0; `zero-rows`: which rows are 0, of those that stand `from` a number on; `equal`:
   * whether two tensors are the same; `there`: whether the checkpoint has one of the tensors, none of which is read.
   */
  want: v.picklist([
    ...(['values', 'averages', 'integers', 'mean', 'norms', 'shape', 'zero', 'equal', 'zero-rows', 'there'] as const),
  ]),
  /**
   * Names in the checkpoint. `{b}` stands for each block in turn, whose values come one after the other; names with
   * `*`, which is anything, may be of no tensor.
   */
  of: some,
  from: maybe(value),
  /** Nothing is read where this does not hold. */
  when: maybe(condition),
});
export type Probe = v.InferOutput<typeof probe>;

const steps = list(nameOf(STEPS));
/** As `TokenizerPlan` says. */
const tokenizer = object({
  before: maybe(steps),
  kinds: v.pipe(list(nameOf(KINDS)), v.nonEmpty()),
  multiple: maybe(v.union([v.number(), v.pipe(v.strictTuple([text, v.number()]), v.readonly())])),
  between: maybe(steps),
  after: maybe(steps),
  roles: maybe(v.record(text, v.union([text, v.number()]))),
  addedTokens: maybe(v.literal('as-they-are')),
  mayLackPadding: maybe(flag),
});

/**
 * Multi-token prediction: blocks behind the model's own that draft further tokens. They count as blocks where they are
 * converted; `{ derive: 'mtp' }` is `with` then, `only` where nothing else is, and `without` where they are left out.
 */
const mtp = object({
  /** How many there are; 0 where there is no value. */
  blocks: value,
  /** Where `blocks` says 0: the beginning of their names in the checkpoint, `mtp.layers.{b}`, to count them by. */
  counted: maybe(text),
  /** Names of their tensors, beside `model.layers.{b}` from the model's own blocks on; `*` stands for anything. */
  names: maybe(texts),
  /** What `--mtp` keeps beside them. Without, `--mtp` and `--no-mtp` are refused. */
  keep: maybe(texts),
  /** `alone`: with `--mtp` only; `never`: they are read and not written. Default: with the model. */
  convert: maybe(v.picklist(['alone', 'never'])),
  /** They are a model by themselves: the blocks that config.json counts are those of the one that it drafts for. */
  instead: maybe(flag),
  /** The file of `--mtp` is named as the whole model's would be. */
  plainName: maybe(flag),
});

const forced = v.picklist(['F32', 'F16', 'Q8_0', 'float', 'outtype']);
const forcedRow = v.union([v.strictTuple([text, forced]), v.strictTuple([text, forced, condition])]);
const extra = list(nameOf(EXTRA_TENSORS));

/**
 * One family of models, as data: how its configuration becomes key-values, and its checkpoint's names GGUF names. It
 * prints as JSON (`hf2gguf archs NAME --json`) and is read from it (`--arch-file`).
 */
export const ARCHITECTURE = object({
  /** Class names in `architectures` of config.json. */
  classes: some,
  /** What else has to hold of the configuration, where several families share a class. */
  when: maybe(condition),
  /** `general.architecture`. */
  gguf: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/, 'is no name of an architecture, such as "llama"')),
  /** A released repository of the family. */
  example: v.string(),
  /** The `<gguf>.*` keys and `general.file_type`, in the reference's order; a key set again keeps its first place. */
  keys: list(keyRow),
  /** Keys that stand before the metadata: the reference writes them first, or as it goes over the tensors. */
  firstKeys: maybe(list(keyRow)),
  /** What blocks' names begin with, `{L}` of the rules; some are numbered anew, behind `after` others in the file. */
  blocks: list(v.union([text, object({ begin: text, after: nameOf(COUNTS) })])),
  /** How many blocks the checkpoint has, where that is not config.json's number of layers. */
  blockLimit: maybe(value),
  /** Parts of the checkpoint's names that are taken out before anything else is decided by them. */
  strip: texts,
  /** Parts of the names that are taken out after `ignore` was looked up, such as that of the model within another. */
  unwrap: texts,
  /** Parts of the names and what stands in their place from then on. */
  rename: maybe(list(v.pipe(v.strictTuple([text, v.string()]), v.readonly()))),
  /** Names of what is no part of this model, such as image encoders; `*` stands for anything. */
  ignore: texts,
  /** Names of what is read with the rest but not written, such as buffers; `*` stands for anything. */
  drop: texts,
  /** Tensors of blocks that stand before all others, by their names in the file; `*` stands for anything. */
  ahead: maybe(texts),
  tensors: list(tensorRule),
  /** Types that tensors of the file have whatever `--outtype` says, by their name in it; `*` stands for anything. */
  types: maybe(list(v.pipe(forcedRow, v.readonly()))),
  /** What is read of the weights while planning, all at once. */
  probes: maybe(list(probe)),
  /** Tensors that come from the configuration; they stand before the checkpoint's. */
  extra: maybe(extra),
  /** JSON files beside config.json that its derivations read. */
  files: maybe(texts),
  /**
   * Whether sentence-transformers' Dense layers are written where they are asked for; or the path of one that always
   * is, as `dense_2`, where the repository has it.
   */
  denseModules: maybe(v.union([flag, text])),
  /** Blocks for multi-token prediction, if the family has them. */
  mtp: maybe(mtp),
  /** Tensors that are made from what probes found; they stand behind the checkpoint's. */
  lastExtra: maybe(extra),
  /**
   * A draft model has the vocabulary of the model that it drafts for (`--target-model-dir`): read from its files by the
   * plan of this family (`files`), or by that of its own (`family`).
   */
  target: maybe(v.picklist(['files', 'family'])),
  /** Which kinds of tokenizers to try, in order, and what is written beside them; default: byte-level BPE alone. */
  tokenizer: maybe(tokenizer),
  /** No record of what the reference writes is among the tests. */
  unproven: maybe(flag),
});
export type Architecture = v.InferOutput<typeof ARCHITECTURE>;
