import { MAX_BLOCKS } from '../limits.js';
import type { Graph, Operator, Rope } from './graph.js';
import { type ArchitectureKeys, GraphKeyError } from './keys.js';
import { headDim } from './rope.js';
import type { Weights } from './weights.js';

/** How one architecture computes. */
export interface ArchitectureGraph {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Keys, without the architecture's name, that llama.cpp reads of it, but not of every model. */
  readonly reads: readonly string[];
  /** The tensors that belong to it, by its key-values. */
  weights(keys: ArchitectureKeys): Weights;
  /** Everything between the embedding and the last norm: what a block does to the value `x`. */
  block(block: Block): Operator[];
}

/** What a graph is made for: a file's key-values, and the shapes of its tensors (row length first). */
export interface GraphSource {
  readonly keys: ArchitectureKeys;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** One block of a decoder, numbered from 0. */
export interface Block extends GraphSource {
  readonly layer: number;
}

/**
 * A decoder: embedding, blocks, norm, logits. Without an `output.weight`, the embedding is the output's matrix too.
 * @throws GraphKeyError
 */
export function decoder({ block }: ArchitectureGraph, source: GraphSource): Graph {
  const { keys, shapes } = source;
  const layers = blockCount(source);
  const output = shapes.has('output.weight') ? 'output' : 'token_embd';
  return {
    architecture: keys.architecture,
    vocabulary: shapes.get(`${output}.weight`)?.[1] ?? 0,
    contextLength: keys.count('context_length'),
    operators: [
      { op: 'embed', weight: 'token_embd.weight', output: 'x' },
      ...Array.from({ length: layers }, (_, layer) => block({ ...source, layer })).flat(),
      norm(source, 'x', 'output_norm', 'x'),
      matMul(source, 'x', output, 'logits'),
    ],
  };
}

/** No more than there are tensors, lest a wrong key asks for a list without end. */
function blockCount({ keys, shapes }: GraphSource): number {
  const count = keys.count('block_count');
  if (count > MAX_BLOCKS || count > shapes.size) {
    throw new GraphKeyError(
      `The key ${keys.architecture}.block_count is ${count}, and the model has ${shapes.size} tensors.`,
      'Get the whole file, or convert the model again.',
    );
  }
  return count;
}

/** The first half of attention: `x`, normed, becomes `query`, `key` and `value`. */
export function queriesKeysValues(block: Block): Operator[] {
  return [
    norm(block, 'x', named(block, 'attn_norm'), 'normed'),
    matMul(block, 'normed', named(block, 'attn_q'), 'query'),
    matMul(block, 'normed', named(block, 'attn_k'), 'key'),
    matMul(block, 'normed', named(block, 'attn_v'), 'value'),
  ];
}

/** Queries and keys normed head by head. */
export function headNorms(block: Block): Operator[] {
  return [
    norm(block, 'query', named(block, 'attn_q_norm'), 'query', heads(block)),
    norm(block, 'key', named(block, 'attn_k_norm'), 'key', kvHeads(block)),
  ];
}

/** Queries and keys turned by their position; divisors of the frequencies come from the tensor `rope_freqs`. */
export function rotate(block: Block, rope: Rope): Operator[] {
  const factors = 'rope_freqs.weight';
  const turned = block.shapes.has(factors) ? { ...rope, factors } : rope;
  return [
    { op: 'rope', value: 'query', heads: heads(block), rope: turned },
    { op: 'rope', value: 'key', heads: kvHeads(block), rope: turned },
  ];
}

/** The second half of attention, added to `x`. */
export function attend(block: Block): Operator[] {
  return [
    {
      op: 'attention',
      layer: block.layer,
      query: 'query',
      key: 'key',
      value: 'value',
      heads: heads(block),
      kvHeads: kvHeads(block),
      scale: Math.fround(1 / Math.sqrt(headDim(block.keys))),
      output: 'attended',
    },
    matMul(block, 'attended', named(block, 'attn_output'), 'change'),
    { op: 'add', left: 'x', right: 'change', output: 'x' },
  ];
}

/** SwiGLU, added to `x`. */
export function gatedFeedForward(block: Block): Operator[] {
  return [
    norm(block, 'x', named(block, 'ffn_norm'), 'normed'),
    matMul(block, 'normed', named(block, 'ffn_gate'), 'gate'),
    matMul(block, 'normed', named(block, 'ffn_up'), 'up'),
    { op: 'gated-silu', gate: 'gate', up: 'up', output: 'gated' },
    matMul(block, 'gated', named(block, 'ffn_down'), 'change'),
    { op: 'add', left: 'x', right: 'change', output: 'x' },
  ];
}

function named({ layer }: Block, name: string): string {
  return `blk.${layer}.${name}`;
}

function heads({ keys }: GraphSource): number {
  return keys.count('attention.head_count');
}

function kvHeads(source: GraphSource): number {
  return source.keys.count('attention.head_count_kv', heads(source));
}

function norm({ keys }: GraphSource, input: string, name: string, output: string, groups = 1): Operator {
  const epsilon = keys.number('attention.layer_norm_rms_epsilon');
  return { op: 'rms-norm', input, weight: `${name}.weight`, epsilon, groups, output };
}

/** With a bias where the file has one. */
function matMul({ shapes }: GraphSource, input: string, name: string, output: string): Operator {
  const bias = `${name}.bias`;
  return { op: 'mat-mul', input, weight: `${name}.weight`, ...(shapes.has(bias) && { bias }), output };
}
