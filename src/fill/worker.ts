import { readSync, writeSync } from 'node:fs';
import { Hf2ggufError } from '../errors.js';
import { rowBytes } from '../gguf/types.js';
import { toFloats } from '../quantize/floats.js';
import {
  type ErrorSums,
  firstNonFinite,
  NonFiniteError,
  newErrorSums,
  OverflowError,
  quantizeRows,
  type ValueFault,
} from '../quantize/native.js';
import { tensorKernels } from '../quantize/tensor-kernels.js';
import type { ElementType, ScaledType } from '../tensor/dtype.js';
import type { Fetched, Segment } from '../tensor/operator.js';
import { dtypeOf, evaluate } from '../tensor/rows.js';
import { Arena } from './arena.js';
import type { DoubtfulValue } from './doubtful-values.js';
import type { Part, Read, Target, Task } from './tasks.js';

/** What a worker gets: a task, the open files, and the source's bytes where they don't come from a local file. */
export interface Job {
  readonly task: Task;
  /** Source path → file descriptor, for the reads; unused when `bytes` is given. */
  readonly sources: Readonly<Record<string, number>>;
  /** File descriptors of the outputs, in the order of the planned files; none where losses alone are wanted. */
  readonly outputs: readonly number[];
  /** The task's buffer, filled, over shared memory. */
  readonly bytes?: Uint8Array;
  /** Bytes that a worker needs for the largest task. */
  readonly memory: number;
  /** Whether to measure what is lost. */
  readonly measure: boolean;
}

/** What a worker says of a job: why it failed, or what was lost, and what was written but should not be there. */
export interface JobResult {
  readonly failure?: JobFailure;
  /** Empty unless measured. */
  readonly errors: readonly MeasuredErrors[];
  /** The first of each part. */
  readonly doubtful: readonly DoubtfulValue[];
}

/** What a part of a tensor lost on its way into a file. */
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
  | { readonly kind: 'values' | 'addon'; readonly what: string; readonly next: string };

class Failure extends Error {
  constructor(readonly failure: JobFailure) {
    super(failure.kind);
  }
}

/** The worker's entry: without a failure, all rows of the task are in their files. */
export function fill({ task, sources, outputs, bytes, memory, measure }: Job): JobResult {
  const errors: MeasuredErrors[] = [];
  const doubtful: DoubtfulValue[] = [];
  try {
    arena.reset(memory);
    const buffer = bytes ?? readAll(task, sources);
    for (const part of task.parts) {
      arena.scope(() => {
        const raw = evaluate(part.expr, {
          fetch: (segment) => view(buffer, task.reads, segment),
          take: (size) => arena.take(size),
          scope: (use) => arena.scope(use),
          kernels: tensorKernels,
        });
        fillPart(part, raw, outputs, { doubtful, ...(measure && { errors }) });
      });
    }
    return { errors, doubtful };
  } catch (error) {
    if (error instanceof Failure) {
      return { failure: error.failure, errors, doubtful };
    }
    throw error;
  }
}

const arena = new Arena();

function readAll(task: Task, sources: Job['sources']): Uint8Array {
  const buffer = arena.take(task.bufferSize);
  for (const { file, offset, length, at } of task.reads) {
    let done = 0;
    while (done < length) {
      const count = io('read', () =>
        readSync(sources[file] as number, buffer, at + done, length - done, offset + done),
      );
      if (count === 0) {
        throw new Failure({ kind: 'short', file });
      }
      done += count;
    }
  }
  return buffer;
}

function view(
  buffer: Uint8Array,
  reads: readonly Read[],
  { file, offset, length: run, count, stride }: Segment,
): Fetched {
  const length = (count - 1) * stride + run;
  const read = reads.find((r) => r.file === file && r.offset <= offset && offset + length <= r.offset + r.length);
  if (!read) {
    throw new Error(`No bytes of ${file} at ${offset} were read.`);
  }
  const at = read.at + offset - read.offset;
  return { bytes: buffer.subarray(at, at + length), stride };
}

interface Findings {
  readonly doubtful: DoubtfulValue[];
  readonly errors?: MeasuredErrors[];
}

function fillPart(part: Part, raw: Uint8Array, outputs: readonly number[], { doubtful, errors }: Findings): void {
  for (const target of part.targets) {
    arena.scope(() => {
      const sums = errors && newErrorSums();
      const { bytes, fault } = target.copy ? copy(part, target, raw) : convert(part, target, raw, sums);
      if (fault) {
        doubtful.push({ ...fault, row: part.from + fault.row, tensor: part.tensor, type: target.type });
      }
      const fd = outputs[target.file];
      if (fd !== undefined) {
        write(fd, bytes, target.position);
      }
      if (sums) {
        errors.push({ file: target.file, tensor: part.tensor, sums });
      }
    });
  }
}

interface Filled {
  readonly bytes: Uint8Array;
  readonly fault: ValueFault | undefined;
}

/** Floats are looked over, since they get to no kernel; other bytes are nobody's business. */
function copy({ expr, columns }: Part, { type }: Target, bytes: Uint8Array): Filled {
  const isFloat = type === dtypeOf(expr) && (type === 'F32' || type === 'F16');
  const at = isFloat ? firstNonFinite(type, bytes) : undefined;
  const fault = at === undefined ? undefined : { row: Math.floor(at / columns), column: at % columns };
  return { bytes, fault: fault && { kind: 'non-finite', ...fault } };
}

function convert(part: Part, target: Target, raw: Uint8Array, errors: ErrorSums | undefined): Filled {
  const rawType = dtypeOf(part.expr) as Exclude<ElementType, ScaledType>;
  const { bytes: source, dtype: sourceType } = toFloats(raw, rawType);
  const rows = part.to - part.from;
  const output = arena.take(rows * rowBytes(target.type, part.columns));
  try {
    const fault = quantizeRows({
      type: target.type,
      source,
      sourceType,
      via: target.via,
      rows,
      columns: part.columns,
      weights: target.weights,
      target: output,
      refuseNonFinite: target.finite,
      errors,
    });
    return { bytes: output, fault };
  } catch (error) {
    if (error instanceof NonFiniteError || error instanceof OverflowError) {
      const { what, next } = error.inTensor(part.tensor, part.from);
      throw new Failure({ kind: 'values', what, next });
    }
    if (error instanceof Hf2ggufError) {
      throw new Failure({ kind: 'addon', what: error.what, next: error.next });
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
    const { code = 'unknown', message } = error as NodeJS.ErrnoException;
    throw new Failure({ kind, code, message });
  }
}
