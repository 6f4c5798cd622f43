import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { execute } from '#src/fill/execute.js';
import type { Sink } from '#src/fill/sink.js';
import { type WantedTensor, wantedTensors } from '#src/fill/wanted.js';
import { fill, type Job } from '#src/fill/worker.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { GgmlType } from '#src/gguf/types.js';
import { placeTensors } from '#src/layout/layout.js';
import type { PlannedFile, TensorWrite } from '#src/layout/plan.js';
import { MAX_GGUF_DIMS } from '#src/limits.js';
import type { Repo } from '#src/repo/repo.js';
import type { TensorExpr } from '#src/tensor/expr.js';
import { shapeOf } from '#src/tensor/rows.js';
import type { Dice } from '../fuzz/dice.js';
import { type Files, type Made, randomExpr } from '../tensor/random.js';

/** Random plans of random expressions, and ways to fill them that are watched. */
export interface RandomPlan {
  readonly files: Files;
  readonly made: readonly Made[];
  readonly planned: readonly PlannedFile[];
}

/** One to three files, each with some of up to five expressions: as float32, which is a copy, or as float16. */
export function randomPlan(dice: Dice): RandomPlan {
  const files: Files = new Map();
  const made = Array.from({ length: 1 + dice.below(5) }, () => randomExpr(dice, files));
  const planned = Array.from({ length: 1 + dice.below(3) }, (_, file) => {
    const own = made.map(({ expr }, i) => ({ name: `t${i}`, expr })).filter(() => file === 0 || dice.chance(0.6));
    return plannedFile(own, dice.chance(0.5) ? 'F32' : 'F16');
  });
  return { files, made, planned };
}

/** A file of float32 expressions. */
export function plannedFile(
  tensors: readonly { readonly name: string; readonly expr: TensorExpr }[],
  type: GgmlType,
): PlannedFile {
  const unplaced = tensors.map(({ name, expr }) => ({
    ...{ name, expr, type, ne: fewer([...shapeOf(expr)].reverse()), why: 'test' },
    write: type === 'F32' ? COPY : CONVERT,
  }));
  return placeTensors({ name: 'x', type, kv: new KeyValues(), tensors: unplaced });
}

const COPY: TensorWrite = { kind: 'copy' };
const CONVERT: TensorWrite = { kind: 'convert', via: 'F32', finite: false };

/** A shape of no more dimensions than a file can have. */
function fewer(ne: readonly number[]): number[] {
  return ne.length <= MAX_GGUF_DIMS ? [...ne] : fewer([...ne.slice(0, -2), (ne.at(-2) ?? 1) * (ne.at(-1) ?? 1)]);
}

/** A repository of the sources: on this machine, if they have a folder, else to be fetched. */
export function repoOf(files: Files, folder?: string): Repo {
  if (folder) {
    for (const [name, values] of files) {
      writeFileSync(join(folder, name), new Uint8Array(values.buffer));
    }
  }
  const none = () => Promise.reject(new Error('Not asked for.'));
  const readInto = async (path: string, offset: number, target: Uint8Array) => {
    await setImmediate();
    target.set(new Uint8Array((files.get(path) as Float32Array).buffer).subarray(offset, offset + target.length));
  };
  const local = (path: string) => (folder === undefined ? null : join(folder, path));
  return {
    ...{ id: 'x', name: 'x', revision: null, list: async () => [], read: none, readInto, stream: none as never, local },
    file: (path) => ({ path, size: files.get(path)?.byteLength ?? 0 }),
    ...{ isChecked: () => false, notes: () => [], streamed: new Set() },
  };
}

/** Files of a folder, without names of their own and without a flush. */
export class ScratchFiles implements Sink {
  readonly fds: number[] = [];
  readonly outputs: { readonly path: string; readonly size: number }[];

  constructor(folder: string, planned: readonly PlannedFile[]) {
    this.outputs = planned.map(({ size }, i) => ({ path: join(folder, `${i}.out`), size }));
  }

  async open(): Promise<void> {
    for (const { path, size } of this.outputs) {
      writeFileSync(path, new Uint8Array(size));
      this.fds.push(openSync(path, 'r+'));
    }
  }

  async write(): Promise<void> {
    throw new Error('Workers write by themselves.');
  }

  flushBehind(): void {}

  async finish(): Promise<boolean[]> {
    this.fds.forEach(closeSync);
    return this.outputs.map(() => false);
  }

  async discard(): Promise<void> {
    this.fds.forEach(closeSync);
  }

  contents(): Buffer[] {
    return this.outputs.map(({ path }) => readFileSync(path));
  }
}

export interface Watched {
  /** Bytes of memory that workers had at once, at most. */
  readonly peak: number;
  /** Bytes of the blocks that their memory lies in, together. */
  readonly blocks: number;
}

/** Fills files with workers of this thread, which get copies of what they are sent, as threads do. */
export async function fillWatched(
  planned: readonly PlannedFile[],
  repo: Repo,
  sink: Sink,
  limits: { readonly jobs: number; readonly memory: number },
): Promise<Watched> {
  const blocks = new Set<ArrayBufferLike>();
  let now = 0;
  let peak = 0;
  const run = async (job: Job) => {
    blocks.add(job.memory.buffer);
    now += job.memory.length;
    peak = Math.max(peak, now);
    await setImmediate();
    const { memory, ...rest } = job;
    const result = fill({ ...structuredClone(rest), memory });
    await setImmediate();
    now -= job.memory.length;
    return result;
  };
  const tensors: readonly WantedTensor[] = wantedTensors(planned, repo);
  await execute({ repo, sink, tensors, ...limits, workers: { run }, emit: () => {} });
  return { peak, blocks: [...blocks].reduce((sum, { byteLength }) => sum + byteLength, 0) };
}
