import type { GgmlType } from '../gguf/types.js';

/**
 * A model's computation as data: operators in the order in which they run, over named float32 values of shape
 * (tokens, width). An architecture's file in `graphs/` writes them down; the engine checks and runs them.
 */
export interface Graph {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Tokens of the vocabulary: the width of the value `logits`, which the last operator writes. */
  readonly vocabulary: number;
  /** Positions that the model was trained for. */
  readonly contextLength: number;
  readonly operators: readonly Operator[];
}

/** The name of a value, and of a weight tensor in the file. */
type Value = string;
type Weight = string;

/** `output` may be an input's name: the value is replaced. */
export type Operator =
  /** Rows of `weight` (vocabulary rows) by token. */
  | { readonly op: 'embed'; readonly weight: Weight; readonly output: Value }
  /**
   * x / sqrt(mean(x²) + epsilon) times `weight`. `groups` equal parts of the width, such as heads, are normed on their
   * own, each with the same weight (1: the whole width).
   */
  | {
      readonly op: 'rms-norm';
      readonly input: Value;
      readonly weight: Weight;
      readonly epsilon: number;
      readonly groups: number;
      readonly output: Value;
    }
  /** input · weightᵀ (+ bias): `weight` has rows of the input's width, and as many as the output is wide. */
  | {
      readonly op: 'mat-mul';
      readonly input: Value;
      readonly weight: Weight;
      readonly bias?: Weight;
      readonly output: Value;
    }
  /** Rotates the first `rope.dimensions` of each head by the token's position. */
  | { readonly op: 'rope'; readonly value: Value; readonly heads: number; readonly rope: Rope }
  /**
   * Causal attention: softmax(q · k * scale) · v, with `heads` / `kvHeads` query heads sharing a key head. Keys and
   * values of earlier tokens are kept under `layer`.
   */
  | {
      readonly op: 'attention';
      readonly layer: number;
      readonly query: Value;
      readonly key: Value;
      readonly value: Value;
      readonly heads: number;
      readonly kvHeads: number;
      readonly scale: number;
      readonly output: Value;
    }
  | { readonly op: 'add'; readonly left: Value; readonly right: Value; readonly output: Value }
  /** silu(gate) * up. */
  | { readonly op: 'gated-silu'; readonly gate: Value; readonly up: Value; readonly output: Value }
  /** Each token's value times a number that may depend on its position (Llama 4's and Ministral 3's attention scale). */
  | {
      readonly op: 'scale-by-position';
      readonly value: Value;
      /** 1 + scale * log(1 + floor((position + offset) / floor)) */
      readonly scale: number;
      readonly floor: number;
      readonly offset: number;
    };

/** ggml's rotary embedding (ggml_rope_ext of llama.cpp v0.5.0). */
export interface Rope {
  /** `adjacent`: elements 2i and 2i + 1 turn together; `halves`: i and i + dimensions / 2. */
  readonly pairs: 'adjacent' | 'halves';
  readonly dimensions: number;
  readonly base: number;
  /** 1 / factor of linear scaling. */
  readonly scale: number;
  /** (dimensions / 2) divisors of the frequencies, such as `rope_freqs.weight`. */
  readonly factors?: Weight;
  /** YaRN; without it ext_factor is 0 and attn_factor is 1. */
  readonly yarn?: {
    readonly extFactor: number;
    readonly attnFactor: number;
    readonly betaFast: number;
    readonly betaSlow: number;
    /** Positions before scaling. */
    readonly originalContext: number;
  };
}

/** A weight tensor and where its bytes are: a file to be mapped, or memory (of a checkpoint's expression). */
export interface WeightTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Row length first. */
  readonly ne: readonly number[];
  readonly data:
    | { readonly kind: 'file'; readonly path: string; readonly offset: number }
    | { readonly kind: 'memory'; readonly bytes: Uint8Array };
}
