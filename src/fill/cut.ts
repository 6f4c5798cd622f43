import { MemoryLimitError } from './memory-limit.js';
import { type MeasuredPiece, measurePiece } from './pieces.js';
import type { WantedTensor } from './wanted.js';

/** The limits for cutting tensors into pieces. */
export interface Cutting {
  /**
   * Bytes that a task should take at most. A task takes more only where not even the smallest piece of a tensor fits.
   */
  readonly share: number;
  /** Bytes that all running tasks may take together. No piece can take more. */
  readonly most: number;
  /** Whether the bytes made for all destinations stay in memory until the task ends. @default false */
  readonly keepsOutputs?: boolean;
}

/**
 * Source bytes of a task: large enough to make the overhead of requests and calls small, small enough to keep all cores
 * busy to the end.
 */
export const MAX_SOURCE_BYTES = 4 * 2 ** 20;

/**
 * Cuts a tensor's rows into pieces that fit a task. Pieces are whole grains where possible, because a grain is made of
 * whole runs of the sources. A grain that does not fit is cut anywhere if its source is a local file: its pieces read
 * short runs, so each takes as many rows as fit to make the runs longer. A grain from the Hub stays one piece, if there
 * is memory for it at all.
 * @throws MemoryLimitError where not even the smallest piece fits
 */
export function* cut(tensor: WantedTensor, cutting: Cutting): Generator<MeasuredPiece, void, undefined> {
  const measure = (from: number, step: Step) => measureStep(tensor, from, step, cutting.keepsOutputs);
  let step: Step | undefined;
  for (let from = tensor.start ?? 0; from < tensor.rows; ) {
    // A piece as large as the previous one usually fits.
    let piece = step && measure(from, step);
    if (!step || !piece || !fits(piece, step, cutting)) {
      ({ step, piece } = findStep(tensor, from, cutting));
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

/** A size of pieces: `count` times `unit` rows. Pieces end at multiples of `unit`. */
interface Step {
  readonly unit: number;
  readonly count: number;
  /** The most source bytes of such a piece. */
  readonly maxBytes: number;
}

/**
 * Measures the next piece. A piece never has rows of two matrices, and has rows of two grains only if it consists of
 * whole grains.
 */
function measureStep(tensor: WantedTensor, from: number, { unit, count }: Step, keepsOutputs = false): MeasuredPiece {
  const { rows, matrixRows, grain } = tensor;
  const next = (multiple: number, times = 1) => (Math.floor(from / multiple) + times) * multiple;
  const to = Math.min(rows, next(matrixRows), next(unit, count), unit < grain ? next(grain) : rows);
  return measurePiece(tensor, from, to, keepsOutputs);
}

function fits({ memory, bytes }: MeasuredPiece, { maxBytes }: Step, { share }: Cutting): boolean {
  return memory <= share && bytes <= maxBytes;
}

/** A step, and the first piece of that size. */
interface FirstStep {
  readonly step: Step;
  readonly piece: MeasuredPiece;
}

function findStep(tensor: WantedTensor, from: number, cutting: Cutting): FirstStep {
  const { grain, isLocal } = tensor;
  const one: Step = { unit: grain, count: 1, maxBytes: MAX_SOURCE_BYTES };
  const piece = measureStep(tensor, from, one, cutting.keepsOutputs);
  if (piece.memory <= cutting.share) {
    // A gather reads its whole operand for every piece, so the usual limit would leave one row to a piece.
    return grown(tensor, { piece, step: { ...one, maxBytes: Math.max(MAX_SOURCE_BYTES, 1.5 * piece.bytes) } }, cutting);
  }
  if (!isLocal || grain === 1) {
    return { step: one, piece };
  }
  const row: Step = { unit: 1, count: 1, maxBytes: Number.POSITIVE_INFINITY };
  return grown(tensor, { piece: measureStep(tensor, from, row, cutting.keepsOutputs), step: row }, cutting);
}

/** The step with as many units as fit. */
function grown(tensor: WantedTensor, { step, piece: one }: FirstStep, cutting: Cutting): FirstStep {
  const all = Math.ceil(tensor.rows / step.unit);
  /** As many units as fit if the others take as much as those of a piece behind its first one. */
  const estimate = (count: number, { memory, bytes }: MeasuredPiece) => {
    const room = (limit: number, first: number, last: number) =>
      last > first ? Math.floor(((limit - first) * (count - 1)) / (last - first)) : all;
    return Math.min(1 + room(cutting.share, one.memory, memory), 1 + room(step.maxBytes, one.bytes, bytes), all);
  };
  let found: FirstStep = { step, piece: one };
  // Few rows are evaluated together, many are not, so a large piece takes less for each of them than a small one.
  for (let count = Math.min(2, all), isTooLarge = false; count > found.step.count; ) {
    const piece = measureStep(tensor, one.from, { ...step, count }, cutting.keepsOutputs);
    if (fits(piece, step, cutting)) {
      found = { step: { ...step, count }, piece };
      count = isTooLarge ? count : estimate(count, piece);
    } else {
      count = Math.floor(count / 2);
      isTooLarge = true;
    }
  }
  return found;
}
