import { totalmem } from 'node:os';
import { ResourceError } from '../errors.js';
import { MAX_RUNNER_PROPORTION, MIN_RUNNER_BYTES } from '../limits.js';
import type { CompiledGraph } from './compile.js';

/** Keys, values and intermediate results do not fit into memory, or are far too large for the model. */
export class RunnerMemoryError extends ResourceError {}

export interface MemoryOptions {
  readonly contextLength: number;
  readonly threads: number;
}

/**
 * The tokens that run through a graph together (native/runner/model.cpp). Logits are kept for no more tokens than
 * these.
 */
export const BATCH_TOKENS = 512;
/** The most columns and tokens that the kernels take together (native/runner/kernels.h). */
const [PANEL_COLUMNS, PANEL_TOKENS] = [32, 12];
/**
 * Floats of the largest tile of a product (native/runner/operators/row-tiles.cpp), and of the sums of some experts'
 * rows.
 */
const TILE = 32 * 768 + 48 * 64;
const FLOAT = 4;

/**
 * The most bytes that a run takes beside the weights: the values and logits of a batch, the packed input of a product,
 * the memory that operators keep, and each thread's own memory. Computed in doubles, which do not overflow.
 */
export function requiredMemory(graph: CompiledGraph, { contextLength, threads }: MemoryOptions): number {
  const { widths, weights, memory } = graph;
  const widest = widths.reduce((a, b) => Math.max(a, b), 0);
  const batch = Math.min(BATCH_TOKENS, contextLength) * (sum(widths) + memory.perToken + PANEL_COLUMNS);
  const positions = contextLength + PANEL_COLUMNS;
  // For each weight: a norm or a bias as floats, the start of a product's sums, or the sums of its input's squares.
  const tables = sum(weights.map(({ columns, rows, matrices }) => matrices * (columns + rows) + PANEL_COLUMNS));
  const kept = positions * memory.perPosition + memory.fixed;
  const thread = TILE + PANEL_TOKENS * (widest + 2 * positions);
  return FLOAT * (batch + tables + kept + threads * thread);
}

/**
 * Checks the memory that a run takes before anything is allocated. A small file can have tensors so wide that the
 * values of a batch take gigabytes, and a caller can ask for any context.
 * @throws RunnerMemoryError
 */
export function checkMemory(graph: CompiledGraph, options: MemoryOptions): void {
  const required = requiredMemory(graph, options);
  const weights = sum(graph.weights.map(({ size }) => size));
  const proportional = Math.max(MIN_RUNNER_BYTES, MAX_RUNNER_PROPORTION * weights);
  const machine = machineMemory();
  if (required <= Math.min(proportional, machine)) {
    return;
  }
  const most = proportional < machine ? `${gib(proportional)} would be in proportion` : `there are ${gib(machine)}`;
  throw new RunnerMemoryError(
    `To run ${options.contextLength} tokens, the model takes ${gib(required)} of memory beside its weights, which have ${gib(weights)}: ${most}.`,
    'Choose a shorter context (--ctx; for a text, a shorter prompt and -n); a file that takes so much with a short one is damaged.',
  );
}

/** Bytes of the machine's memory, or of the process's limit. */
function machineMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
