import { writeSync } from 'node:fs';
import { Hf2ggufError } from '../errors.js';
import type { ConvertWrite } from '../layout/plan.js';
import { toFloats } from '../quantize/floats.js';
import {
  type ErrorSums,
  firstNonFinite,
  isOutOfMemory,
  NonFiniteError,
  newErrorSums,
  OverflowError,
  quantizeRows,
  type ValueFault,
} from '../quantize/native.js';
import { tensorKernels } from '../quantize/tensor-kernels.js';
import { NativeMemoryError } from '../system-limits.js';
import type { ElementType, ScaledType } from '../tensor/dtype.js';
import type { Workplace } from '../tensor/operator.js';
import { TensorIndexError } from '../tensor/operators/gather.js';
import { dtypeOf, evaluate } from '../tensor/rows.js';
import { Arena } from './arena.js';
import type { DoubtfulValue } from './doubtful-values.js';
import { readRuns } from './read-runs.js';
import { ReadBytes } from './reads.js';
import { cutStrips, type Rows } from './strips.js';
import type { Task } from './tasks.js';
import type { Destination } from './wanted.js';

/** What a worker gets: a task, its memory, and the open files. */
export interface Job {
  readonly task: Task;
  /** Shared memory of `task.memory` bytes; the reads are in it already where `sources` is missing. */
  readonly memory: Uint8Array;
  /** Source path → file descriptor, for the reads. */
  readonly sources?: Readonly<Record<string, number>>;
  /** File descriptors of the outputs, in the order of the planned files; without, the bytes stay in memory. */
  readonly fds?: readonly number[];
  /** Whether to measure what is lost. */
  readonly measure: boolean;
}

/** What a worker says of a job: why it failed, or what was lost, and what was written but should not be there. */
export interface JobResult {
  readonly failure?: JobFailure;
  /** Empty unless measured. */
  readonly errors: readonly MeasuredErrors[];
  /** The first of each strip. */
  readonly doubtful: readonly DoubtfulValue[];
  /** What is to be written, in the task's memory, where the job has no descriptors. */
  readonly written: readonly WrittenBytes[];
}

/** Bytes that belong into one of the planned files. */
export interface WrittenBytes {
  readonly file: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What a piece of a tensor lost on its way into a file. */
export interface MeasuredErrors {
  /** Index of the planned file. */
  readonly file: number;
  readonly tensor: string;
  readonly sums: ErrorSums;
}

/** Why a job failed, as plain data: error classes don't survive the way between threads. */
export type JobFailure =
  | { readonly kind: 'read' | 'write'; readonly code: string; readonly message: string }
  | { readonly kind: 'short'; readonly file: string }
  | { readonly kind: 'values' | 'addon'; readonly what: string; readonly next: string }
  | { readonly kind: 'memory'; readonly bytes: number };

class Failure extends Error {
  constructor(readonly failure: JobFailure) {
    super(failure.kind);
  }
}

/** The worker's entry: without a failure, all rows of the task are in their files, or in `written`. */
export function fill({ task, memory, sources, fds, measure }: Job): JobResult {
  const arena = new Arena(memory, task.readBytes);
  const found: Findings = { doubtful: [], written: [], errors: [] };
  // What is not written yet has to stay.
  const scope = <T>(use: () => T): T => (fds ? arena.scope(use) : use());
  try {
    if (sources) {
      readAll(task, memory, sources);
    }
    const bytes = new ReadBytes(memory, task.reads);
    const place: Workplace = {
      fetch: (segment) => bytes.fetch(segment),
      take: (size) => arena.take(size),
      scope: (use) => arena.scope(use),
      kernels: tensorKernels,
    };
    for (const piece of task.pieces) {
      for (const rows of cutStrips(piece, piece.step)) {
        scope(() => {
          const raw = evaluate(rows.expr, place);
          for (const destination of rows.destinations) {
            scope(() => fillDestination({ rows, destination, raw, arena, fds, measure }, found));
          }
        });
      }
    }
    return found;
  } catch (error) {
    const failure = failureOf(error, task);
    if (failure) {
      return { ...found, failure };
    }
    throw error;
  }
}

/** Undefined for a mistake of this program. */
function failureOf(error: unknown, task: Task): JobFailure | undefined {
  if (error instanceof Failure) {
    return error.failure;
  }
  if (error instanceof TensorIndexError) {
    return { kind: 'values', what: error.what, next: error.next };
  }
  if (error instanceof NativeMemoryError || isOutOfMemory(error)) {
    return { kind: 'memory', bytes: task.memory };
  }
  return error instanceof Hf2ggufError ? { kind: 'addon', what: error.what, next: error.next } : undefined;
}

function readAll({ reads }: Task, memory: Uint8Array, sources: Readonly<Record<string, number>>): void {
  for (const { file, at, ...runs } of reads) {
    const target = memory.subarray(at, at + runs.count * runs.length);
    const count = io('read', () => readRuns(sources[file] as number, target, runs));
    if (count < target.length) {
      throw new Failure({ kind: 'short', file });
    }
  }
}

interface Findings {
  readonly doubtful: DoubtfulValue[];
  readonly written: WrittenBytes[];
  readonly errors: MeasuredErrors[];
}

/** One of the destinations of some rows, and what it takes to make its bytes. */
interface Filling {
  readonly rows: Rows;
  readonly destination: Destination;
  /** The rows as they are evaluated. */
  readonly raw: Uint8Array;
  readonly arena: Arena;
  readonly fds: Job['fds'] | undefined;
  readonly measure: boolean;
}

function fillDestination(filling: Filling, found: Findings): void {
  const { rows, destination, fds, measure } = filling;
  const { tensor, file, position, type } = destination;
  const sums = measure ? newErrorSums() : undefined;
  const { write: way } = destination;
  const { bytes, fault } = way.kind === 'copy' ? copy(filling) : convert(filling, way, sums);
  if (fault) {
    found.doubtful.push({ ...fault, row: rows.from + fault.row, tensor, type });
  }
  if (!fds) {
    found.written.push({ file, position, bytes });
  } else if (fds[file] !== undefined) {
    write(fds[file], bytes, position);
  }
  if (sums) {
    found.errors.push({ file, tensor, sums });
  }
}

interface Filled {
  readonly bytes: Uint8Array;
  readonly fault: ValueFault | undefined;
}

/** Floats are looked over, since they get to no kernel; other bytes are nobody's business. */
function copy({ rows: { expr, columns }, destination: { type }, raw }: Filling): Filled {
  const isFloat = type === dtypeOf(expr) && (type === 'F32' || type === 'F16');
  const at = isFloat ? firstNonFinite(type, raw) : undefined;
  const fault = at === undefined ? undefined : { row: Math.floor(at / columns), column: at % columns };
  return { bytes: raw, fault: fault && { kind: 'non-finite', ...fault } };
}

function convert(
  { rows, destination, raw, arena }: Filling,
  { via, finite, weights }: ConvertWrite,
  errors: ErrorSums | undefined,
): Filled {
  const { tensor, type, rowBytes } = destination;
  const { expr, from, to, columns } = rows;
  const target = arena.take((to - from) * rowBytes);
  const rawType = dtypeOf(expr) as Exclude<ElementType, ScaledType>;
  const { bytes: source, dtype: sourceType } = toFloats(raw, rawType, (size) => arena.take(size));
  try {
    const fault = quantizeRows({
      ...{ type, source, sourceType, via, rows: to - from, columns, weights, target, errors },
      refuseNonFinite: finite,
    });
    return { bytes: target, fault };
  } catch (error) {
    if (error instanceof NonFiniteError || error instanceof OverflowError) {
      const { what, next } = error.inTensor(tensor, from);
      throw new Failure({ kind: 'values', what, next });
    }
    throw error;
  }
}

function write(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += io('write', () => writeSync(fd, bytes, done, bytes.length - done, position + done));
  }
}

function io(kind: 'read' | 'write', call: () => number): number {
  try {
    return call();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Failure({ kind, code, message });
  }
}
