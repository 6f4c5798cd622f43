import { MemoryLimitError } from './memory-limit.js';
import { type MeasuredPiece, measurePiece } from './pieces.js';
import type { WantedTensor } from './wanted.js';

export interface Cutting {
  /** Bytes that a task may take, unless not even the smallest piece of a tensor fits. */
  readonly share: number;
  /** Bytes that all tasks under way may take together: no piece can have more. */
  readonly most: number;
  /** Whether what is made for all destinations stays in memory until the task ends. @default false */
  readonly keepsOutputs?: boolean;
}

/** Source bytes of a task: large enough that requests and calls cost little, small enough to keep the cores evenly busy. */
export const MAX_SOURCE_BYTES = 4 * 2 ** 20;

/**
 * A tensor's rows in pieces that fit a task: whole grains, of which the sources have whole runs. Where a grain takes too
 * much and its source is a local file, it is cut anywhere. Such pieces read short runs, which cost less the longer they
 * are, so that each has as many rows as fit. From the Hub such a grain is one piece, if there is memory for it at all.
 * @throws MemoryLimitError
 */
export function* cut(tensor: WantedTensor, cutting: Cutting): Generator<MeasuredPiece, void, undefined> {
  const measure = (from: number, step: Step) => measureStep(tensor, from, step, cutting.keepsOutputs);
  let step: Step | undefined;
  for (let from = 0; from < tensor.rows; ) {
    // What fitted before mostly fits again.
    let piece = step && measure(from, step);
    if (!step || !piece || !fits(piece, step, cutting)) {
      step = findStep(tensor, from, cutting);
      piece = measure(from, step);
    }
    if (piece.memory > cutting.most) {
      throw new MemoryLimitError(tensor, piece.memory, cutting.most);
    }
    yield piece;
    from = piece.to;
  }
}

/** The smallest piece that begins at a row. */
export function smallestPiece(tensor: WantedTensor, from: number): MeasuredPiece {
  return measureStep(tensor, from, { unit: tensor.isLocal ? 1 : tensor.grain, count: 1, maxBytes: 0 });
}

/** Pieces of `count` times `unit` rows, which end at multiples of `unit`. */
interface Step {
  readonly unit: number;
  readonly count: number;
  /** Source bytes of one. */
  readonly maxBytes: number;
}

/** No piece has rows of two matrices, nor of two grains unless it has whole ones. */
function measureStep(tensor: WantedTensor, from: number, { unit, count }: Step, keepsOutputs = false): MeasuredPiece {
  const { rows, matrixRows, grain } = tensor;
  const next = (multiple: number, times = 1) => (Math.floor(from / multiple) + times) * multiple;
  const to = Math.min(rows, next(matrixRows), next(unit, count), unit < grain ? next(grain) : rows);
  return measurePiece(tensor, from, to, keepsOutputs);
}

function fits({ memory, bytes }: MeasuredPiece, { maxBytes }: Step, { share }: Cutting): boolean {
  return memory <= share && bytes <= maxBytes;
}

function findStep(tensor: WantedTensor, from: number, cutting: Cutting): Step {
  const { grain, isLocal } = tensor;
  const one: Step = { unit: grain, count: 1, maxBytes: MAX_SOURCE_BYTES };
  const piece = measureStep(tensor, from, one, cutting.keepsOutputs);
  if (piece.memory <= cutting.share) {
    // What picks from a whole tensor reads all of it for every piece.
    return grown(tensor, piece, { ...one, maxBytes: Math.max(MAX_SOURCE_BYTES, 1.5 * piece.bytes) }, cutting);
  }
  if (!isLocal || grain === 1) {
    return one;
  }
  const row: Step = { unit: 1, count: 1, maxBytes: Number.POSITIVE_INFINITY };
  return grown(tensor, measureStep(tensor, from, row, cutting.keepsOutputs), row, cutting);
}

/** As many units as fit: exactly so where each takes as much as the one before. */
function grown(tensor: WantedTensor, one: MeasuredPiece, step: Step, cutting: Cutting): Step {
  const measure = (count: number) => measureStep(tensor, one.from, { ...step, count }, cutting.keepsOutputs);
  const two = measure(2);
  if (!fits(two, step, cutting)) {
    return step;
  }
  const room = (limit: number, first: number, second: number) =>
    second > first ? Math.floor((limit - first) / (second - first)) : tensor.rows;
  let count = Math.min(
    1 + room(cutting.share, one.memory, two.memory),
    1 + room(step.maxBytes, one.bytes, two.bytes),
    Math.ceil(tensor.rows / step.unit),
  );
  while (count > 2 && !fits(measure(count), step, cutting)) {
    count = Math.floor(count / 2);
  }
  return { ...step, count: Math.max(2, count) };
}
