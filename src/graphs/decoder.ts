import { MAX_BLOCKS } from '../limits.js';
import type { GraphSource } from './architecture.js';
import type { Graph } from './graph.js';
import { GraphKeyError } from './keys.js';
import type { Rope } from './operators/rope.js';
import type { GraphOperator } from './operators/table.js';
import { keyLength } from './sizes.js';

/** One block of a decoder, numbered from 0. */
export interface Block extends GraphSource {
  readonly layer: number;
}

/** The parts of a decoder. All blocks work on the value `x`, of shape (tokens, embedding). */
export interface DecoderParts {
  /** Computes `x` from the tokens. @default the rows of token_embd */
  embed?(source: GraphSource): GraphOperator[];
  block(block: Block): GraphOperator[];
  /** Computes `logits` from `x`. @default output_norm, then the product with the output's matrix */
  head?(source: GraphSource): GraphOperator[];
}

/**
 * Puts a decoder together: embedding, blocks, logits.
 * @returns the function `build` of an architecture.
 */
export function decoder({ embed = tokenEmbedding, block, head = normedLogits }: DecoderParts) {
  return (source: GraphSource): Graph => {
    const vocabulary = source.shapes.get(`${outputMatrix(source)}.weight`)?.[1] ?? 0;
    const layers = Array.from({ length: blockCount(source) }, (_, layer) => ({ ...source, layer }));
    return {
      architecture: source.keys.architecture,
      vocabulary,
      contextLength: source.keys.count('context_length'),
      operators: [...embed(source), ...layers.flatMap(block), ...head(source)],
      outputs: [{ value: 'logits', width: vocabulary }],
    };
  };
}

function tokenEmbedding(): GraphOperator[] {
  return [{ op: 'embed', weight: 'token_embd.weight', output: 'x' }];
}

function normedLogits(source: GraphSource): GraphOperator[] {
  return [norm(source, 'x', 'output_norm', 'x'), matMul(source, 'x', outputMatrix(source), 'logits')];
}

/** The name of the output's matrix: output.weight, or else that of the embedding. */
function outputMatrix({ shapes }: GraphSource): string {
  return shapes.has('output.weight') ? 'output' : 'token_embd';
}

/** The number of blocks, at most the number of tensors, so that a wrong key cannot ask for an endless list. */
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

/** The first half of attention: `x` is normed, and its products become `query`, `key` and `value`. */
export function queriesKeysValues(block: Block): GraphOperator[] {
  return [
    norm(block, 'x', named(block, 'attn_norm'), 'normed'),
    matMul(block, 'normed', named(block, 'attn_q'), 'query'),
    matMul(block, 'normed', named(block, 'attn_k'), 'key'),
    matMul(block, 'normed', named(block, 'attn_v'), 'value'),
  ];
}

/** Norms each head of the queries and keys. */
export function headNorms(block: Block): GraphOperator[] {
  return [
    norm(block, 'query', named(block, 'attn_q_norm'), 'query', heads(block)),
    norm(block, 'key', named(block, 'attn_k_norm'), 'key', kvHeads(block)),
  ];
}

/**
 * Rotates queries and keys by their position. The tensor `rope_freqs`, if there is one, has divisors of the
 * frequencies.
 */
export function rotate(block: Block, rope: Rope): GraphOperator[] {
  const name = 'rope_freqs.weight';
  const factors = block.shapes.has(name) && { factors: name };
  return [
    { op: 'rope', value: 'query', heads: heads(block), rope, ...factors },
    { op: 'rope', value: 'key', heads: kvHeads(block), rope, ...factors },
  ];
}

/** The second half of attention. Its result is added to `x`. */
export function attend(block: Block): GraphOperator[] {
  return [
    {
      op: 'attention',
      query: 'query',
      key: 'key',
      value: 'value',
      heads: heads(block),
      kvHeads: kvHeads(block),
      scale: Math.fround(1 / Math.sqrt(keyLength(block.keys))),
      output: 'attended',
    },
    matMul(block, 'attended', named(block, 'attn_output'), 'change'),
    { op: 'add', left: 'x', right: 'change', output: 'x' },
  ];
}

/** SwiGLU. Its result is added to `x`. */
export function gatedFeedForward(block: Block): GraphOperator[] {
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

function norm({ keys }: GraphSource, input: string, name: string, output: string, groups = 1): GraphOperator {
  const epsilon = keys.number('attention.layer_norm_rms_epsilon');
  return { op: 'rms-norm', input, weight: `${name}.weight`, epsilon, groups, output };
}

/** A matrix product, with a bias if the file has one. */
function matMul({ shapes }: GraphSource, input: string, name: string, output: string): GraphOperator {
  const bias = `${name}.bias`;
  return { op: 'mat-mul', input, weight: `${name}.weight`, ...(shapes.has(bias) && { bias }), output };
}
