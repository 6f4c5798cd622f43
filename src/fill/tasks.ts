import { type GgmlType, rowBytes } from '../gguf/types.js';
import type { PlannedFile, PlannedTensor } from '../layout/plan.js';
import { rowLength, type TensorExpr } from '../tensor/expr.js';
import type { Segment } from '../tensor/operator.js';
import { bytesOfRow, grain as grainOf, memoryOf, narrow, rowCount, segments, shapeOf } from '../tensor/rows.js';

/** The work of filling planned files, cut into pieces of a few MiB: plain data, for a worker. */

/** Rows [from, to) of one tensor, and every place where they are wanted; `expr` has no others. */
export interface Part {
  readonly tensor: string;
  readonly expr: TensorExpr;
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  readonly targets: readonly Target[];
}

export interface Target {
  /** Index of the planned file. */
  readonly file: number;
  /** Byte in that file where row `from` goes. */
  readonly position: number;
  readonly type: GgmlType;
  readonly via: GgmlType;
  readonly finite: boolean;
  readonly copy: boolean;
  /** (columns) */
  readonly weights?: Float32Array;
}

/** Consecutive source bytes, and where in the task's buffer they go. */
export interface Read {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly at: number;
}

export interface Task {
  readonly reads: readonly Read[];
  /** Bytes of the buffer that all reads fill. */
  readonly bufferSize: number;
  readonly parts: readonly Part[];
}

/** Source bytes of a task: large enough that requests and calls cost little, small enough to keep the cores evenly busy. */
const MAX_TASK_BYTES = 4 * 2 ** 20;
const MIN_TASK_BYTES = 2 ** 18;
/** Two ranges that are this close are read as one: cheaper than a second request. */
const MAX_GAP = 2 ** 16;
/** A part's output is at most this many times as large as a task: float32 from bfloat16 is. */
const MAX_GROWTH = 2;
/** A task holds its source, perhaps reordered, and its output. */
const FOOTPRINT = 2 + MAX_GROWTH;

/** @param memory bytes of buffers for `jobs` workers together. */
export function taskBytes(memory: number, jobs: number): number {
  return Math.min(MAX_TASK_BYTES, Math.max(MIN_TASK_BYTES, Math.floor(memory / (jobs * 2 * FOOTPRINT))));
}

/** Bytes of buffers that a worker takes for the largest of the tasks: its source, and a part's rows before and after. */
export function workerMemory(tasks: readonly Task[]): number {
  return tasks.reduce((most, { bufferSize, parts }) => Math.max(most, bufferSize + largest(parts.map(partMemory))), 0);
}

function partMemory({ expr, from, to, columns, targets }: Part): number {
  const written = targets.map(({ type, copy }) => (copy ? 0 : rowBytes(type, columns)));
  return memoryOf(expr) + (to - from) * largest(written);
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

/** In the order of the source, so that neighbours are read together; each source byte once for all files. */
export function makeTasks(files: readonly PlannedFile[], maxBytes: number): Task[] {
  const parts = collectTensors(files).flatMap(({ tensor, targets }) => cut(tensor, targets, maxBytes));
  const placed = parts.map((part) => ({ part, segments: segments(part.expr) }));
  placed.sort((a, b) => compareSegments(a.segments[0], b.segments[0]));

  const tasks: Task[] = [];
  let group: typeof placed = [];
  let bytes = 0;
  const flush = () => {
    if (group.length > 0) {
      tasks.push({ parts: group.map((p) => p.part), ...coalesce(group.flatMap((p) => p.segments)) });
    }
    group = [];
    bytes = 0;
  };
  for (const piece of placed) {
    const size = piece.segments.reduce((sum, segment) => sum + segment.length * segment.count, 0);
    if (bytes + size > maxBytes) {
      flush();
    }
    group.push(piece);
    bytes += size;
  }
  flush();
  return tasks;
}

interface WantedTensor {
  readonly tensor: PlannedTensor;
  readonly targets: readonly (Target & { readonly rowBytes: number })[];
}

function collectTensors(files: readonly PlannedFile[]): WantedTensor[] {
  const wanted = new Map<string, { tensor: PlannedTensor; targets: (Target & { rowBytes: number })[] }>();
  files.forEach((file, index) => {
    for (const tensor of file.tensors) {
      const entry = wanted.get(tensor.name) ?? { tensor, targets: [] };
      wanted.set(tensor.name, entry);
      entry.targets.push({
        file: index,
        position: file.headerSize + tensor.offset,
        rowBytes: tensor.size / rowCount(tensor.expr),
        type: tensor.type,
        via: tensor.via,
        finite: tensor.finite,
        copy: tensor.copy ?? false,
        ...(tensor.weights && { weights: tensor.weights }),
      });
    }
  });
  return [...wanted.values()];
}

function cut({ name, expr, ne }: PlannedTensor, targets: WantedTensor['targets'], maxBytes: number): Part[] {
  const rows = rowCount(expr);
  const columns = rowLength(shapeOf(expr));
  const grain = grainOf(expr);
  const written = largest(targets.map((target) => target.rowBytes));
  const grainBytes = Math.max(bytesOfRow(expr), written / MAX_GROWTH) * grain;
  const step = Math.max(1, Math.floor(maxBytes / grainBytes)) * grain;
  // Every expert has weights of its own.
  const matrixRows = targets.some(({ weights }) => weights) ? (ne[1] ?? 1) : rows;
  const parts: Part[] = [];
  for (let from = 0; from < rows; ) {
    const matrix = Math.floor(from / matrixRows);
    const to = Math.min(from + step, (matrix + 1) * matrixRows);
    parts.push({
      tensor: name,
      expr: narrow(expr, from, to),
      from,
      to,
      columns,
      targets: targets.map(({ rowBytes: size, weights, ...target }) => ({
        ...target,
        position: target.position + from * size,
        ...(weights && { weights: weights.subarray(matrix * columns, (matrix + 1) * columns) }),
      })),
    });
    from = to;
  }
  return parts;
}

function compareSegments(a: Segment | undefined, b: Segment | undefined): number {
  if (!a || !b) {
    return Number(Boolean(a)) - Number(Boolean(b));
  }
  return a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1;
}

function coalesce(all: readonly Segment[]): { reads: Read[]; bufferSize: number } {
  const sorted = [...all].sort(compareSegments);
  const merged: { file: string; offset: number; end: number }[] = [];
  for (const { file, offset, length: run, count, stride } of sorted) {
    const length = (count - 1) * stride + run;
    const last = merged.at(-1);
    if (last && last.file === file && offset - last.end <= MAX_GAP) {
      last.end = Math.max(last.end, offset + length);
    } else {
      merged.push({ file, offset, end: offset + length });
    }
  }
  let at = 0;
  const reads = merged.map(({ file, offset, end }): Read => {
    const read = { file, offset, length: end - offset, at };
    at += read.length;
    return read;
  });
  return { reads, bufferSize: at };
}
