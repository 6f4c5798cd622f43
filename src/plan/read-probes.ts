import type { Architecture, Probe } from '../archs/architecture.js';
import type { Jobs } from '../async/jobs.js';
import type { Config, Known } from '../config/config.js';
import { blockCount } from '../config/derive.js';
import { holds, typedValue } from '../config/values.js';
import { SourceError } from '../errors.js';
import { leastMemory } from '../fill/least-memory.js';
import { MemoryFiles } from '../fill/sink.js';
import { wantedTensors } from '../fill/wanted.js';
import type { MeasuredErrors } from '../fill/worker.js';
import { executeInThreads } from '../fill/workers.js';
import { KeyValues } from '../gguf/key-values.js';
import type { Probed } from '../language/value.js';
import { placeTensors, type UnplacedTensor } from '../layout/layout.js';
import type { PlannedFile } from '../layout/plan.js';
import { torchMean } from '../numeric/torch-mean.js';
import type { Repo } from '../repo/repo.js';
import { apply, cast, mul, slice, sub } from '../tensor/build.js';
import { DTYPE_BYTES } from '../tensor/dtype.js';
import { elementCount, type NamedExpr, type TensorExpr } from '../tensor/expr.js';
import { dtypeOf, shapeOf } from '../tensor/rows.js';
import { globs } from '../text/globs.js';
import { DEFAULT_MAX_MEMORY } from './finish-plan.js';
import type { OutputParams } from './params.js';

/** A probe of more values than a header could hold. */
export class ProbeSizeError extends SourceError {}

const MAX_VALUES = 2 ** 20;
const MAX_SUMS = 2 ** 14;

/** An element that is kept: a bigint of an I64 tensor. */
type Kept = number | bigint;

/** What is read for a probe, and what follows from it. */
interface Reading {
  /** Expressions whose elements are kept, one after the other. */
  readonly kept?: readonly TensorExpr[];
  /** Expressions of whose elements the sum of squares is kept. */
  readonly summed?: readonly TensorExpr[];
  result(values: readonly Kept[], sums: readonly number[]): Probed;
}

type Kind = (found: readonly TensorExpr[], probe: Probe, known: Known) => Reading;

const numbers = (values: readonly Kept[]) => values.map(Number);
const isZero = (_: readonly Kept[], sums: readonly number[]) => sums.every((sum) => sum === 0);

const KINDS: Readonly<Record<Exclude<Probe['want'], 'there' | 'averages'>, Kind>> = {
  values: (found) => ({ kept: found, result: numbers }),
  integers: (found) => ({ kept: found.map((expr) => cast(expr, 'I64')), result: (values) => values.map(String) }),
  shape: (found) => ({ result: () => found.flatMap(shapeOf) }),
  norms: (found) => ({ kept: found.flatMap(norms), result: numbers }),
  mean: (found) => ({
    summed: found.map(rootOfMagnitude),
    result: (_, sums) => sums.map((sum, i) => sum / elementCount(shapeOf(found[i] as TensorExpr))),
  }),
  zero: (found) => ({ summed: found, result: isZero }),
  equal([a, b]) {
    const isAlike = a !== undefined && b !== undefined && shapeOf(a).join() === shapeOf(b).join();
    return isAlike ? { summed: [sub(a, b)], result: isZero } : { result: () => false };
  },
  'zero-rows'(found, { from }, known) {
    const given = from && typedValue(from, 'u32', known);
    const first = typeof given === 'number' ? given : from === undefined ? 0 : Number.POSITIVE_INFINITY;
    const rows = found.flatMap((expr) =>
      Array.from({ length: Math.max(0, (shapeOf(expr)[0] ?? 0) - first) }, (_, i) => ({ expr, row: first + i })),
    );
    return {
      summed: rows.map(({ expr, row }) => slice(expr, 0, row, row + 1)),
      result: (_, sums) => rows.flatMap(({ row }, i) => (sums[i] === 0 ? [row] : [])),
    };
  },
};

interface ProbeContext {
  readonly repo: Repo;
  readonly known: Known;
  readonly params: Pick<OutputParams, 'maxMemory' | 'signal'> & Jobs;
}

/**
 * What an architecture's probes find, all from one read of their tensors by the workers that fill files.
 * @returns by id, without those of which a tensor is missing.
 * @throws ProbeSizeError, MemoryLimitError, and as `execute`
 */
export async function readProbes(
  { probes = [] }: Architecture,
  tensors: readonly NamedExpr[],
  context: ProbeContext,
): Promise<ReadonlyMap<string, Probed>> {
  const { known } = context;
  const sources = new Map(tensors.map(({ name, expr }) => [name, expr]));
  const results = new Map<string, Probed>();
  const readings: (Reading & { readonly id: string })[] = [];
  for (const probe of probes.filter(({ when }) => holds(when, known))) {
    const { id, want, of } = probe;
    const found = namesOf(probe, known.config, sources).map((name) => sources.get(name));
    if (want === 'there') {
      results.set(
        id,
        of.some((name) => sources.has(name)),
      );
    } else if (want === 'averages') {
      readings.push({ id, ...averages(found) });
    } else if (found.every((expr) => expr !== undefined)) {
      readings.push({ id, ...KINDS[want](found, probe, known) });
    }
  }
  const kept = readings.flatMap(({ kept: own = [] }) => own);
  const summed = readings.flatMap(({ summed: own = [] }) => own);
  const { values, sums } = await readAll(kept, summed, context);
  for (const { id, kept: own = [], summed: ownSummed = [], result } of readings) {
    results.set(id, result(values.splice(0, own.length).flat(), sums.splice(0, ownSummed.length)));
  }
  return results;
}

/** The elements of some expressions, and of others the sums of their squares. */
async function readAll(
  kept: readonly TensorExpr[],
  summed: readonly TensorExpr[],
  { repo, params }: ProbeContext,
): Promise<{ values: Kept[][]; sums: number[] }> {
  const count = kept.reduce((total, expr) => total + elementCount(shapeOf(expr)), 0);
  if (count > MAX_VALUES || summed.length > MAX_SUMS) {
    throw new ProbeSizeError(
      `Planning wants ${count} values of the weights and ${summed.length} sums, more than ${MAX_VALUES} or ${MAX_SUMS}.`,
      'Check that config.json and the checkpoint belong together, or the probes of --arch-file.',
    );
  }
  if (kept.length + summed.length === 0) {
    return { values: [], sums: [] };
  }
  const files = [kept, summed].map((own, i) => {
    const floats = own.map((expr, j) => (i === 0 ? asKept : asFloats)(String(j), expr));
    return placeTensors({ name: `probes ${i}`, type: 'F32', kv: new KeyValues(), tensors: floats });
  });
  const sums = summed.map(() => 0);
  const onErrors = ({ file, tensor, sums: [, , own = 0] }: MeasuredErrors) => {
    if (file === 1) {
      sums[Number(tensor)] = (sums[Number(tensor)] ?? 0) + own;
    }
  };
  // The values alone are kept: there is no place for what is summed.
  const [{ tensors: placed, headerSize, size }] = files as [PlannedFile];
  const sink = new MemoryFiles([{ path: 'probes', size, header: new Uint8Array(0) }]);
  const { jobs, maxMemory: memory = DEFAULT_MAX_MEMORY, signal } = params;
  const all = wantedTensors(files, repo);
  leastMemory(all, memory);
  await executeInThreads({ repo, sink, tensors: all, jobs, memory, signal, onErrors, emit: () => {} });
  const [bytes] = sink.files;
  const values = placed.map(({ type, offset, size: length }): Kept[] => {
    const own = bytes?.slice(headerSize + offset, headerSize + offset + length).buffer ?? new ArrayBuffer(0);
    return type === 'I64' ? [...new BigInt64Array(own)] : [...new Float32Array(own)];
  });
  return { values, sums };
}

/** The means of tensors, 0 for those that are missing. */
function averages(found: readonly (TensorExpr | undefined)[]): Reading {
  const result = (values: readonly Kept[]) => {
    const left = values.map(Number);
    return found.map((expr) => {
      const own = left.splice(0, expr ? elementCount(shapeOf(expr)) : 0);
      return expr ? torchMean(Float32Array.from(own)) : 0;
    });
  };
  return { kept: found.filter((expr) => expr !== undefined), result };
}

/** The squares of its elements, which the workers add up, are the magnitudes. */
function rootOfMagnitude(expr: TensorExpr): TensorExpr {
  const exact = cast(expr, 'F32');
  return apply('sqrt', apply('sqrt', mul(exact, exact)));
}

/** The most bytes of a matrix whose columns' norms are computed at once. */
const MAX_NORM_BYTES = 32 * 2 ** 20;

/** The norms of a matrix's columns, of as many columns at a time as the workers have room for. */
function norms(matrix: TensorExpr): TensorExpr[] {
  const [rows = 1, columns = 0] = shapeOf(matrix);
  const most = Math.max(1, Math.floor(MAX_NORM_BYTES / (rows * DTYPE_BYTES.F32)));
  return Array.from({ length: Math.ceil(columns / most) }, (_, i) => ({
    op: 'norm',
    of: slice(matrix, 1, i * most, Math.min(columns, (i + 1) * most)),
  }));
}

function namesOf({ of }: Probe, config: Config, sources: ReadonlyMap<string, TensorExpr>): readonly string[] {
  return of.flatMap((name) => {
    if (name.includes('*')) {
      return [...sources.keys()].filter(globs([name]));
    }
    return name.includes('{b}')
      ? Array.from({ length: blockCount(config) }, (_, b) => name.replaceAll('{b}', String(b)))
      : [name];
  });
}

function asKept(name: string, expr: TensorExpr): UnplacedTensor {
  const own = asFloats(name, expr);
  return dtypeOf(expr) === 'I64' ? { ...own, type: 'I64', expr, write: { kind: 'copy' } } : own;
}

function asFloats(name: string, expr: TensorExpr): UnplacedTensor {
  const ne = [...shapeOf(expr)].reverse();
  const write = { kind: 'convert', via: 'F32', finite: false } as const;
  return { name, type: 'F32', ne, expr: cast(expr, 'F32'), write, why: 'a probe' };
}
