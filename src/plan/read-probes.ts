import type { Architecture, Probe } from '../archs/architecture.js';
import { typedValue } from '../archs/values.js';
import type { Jobs } from '../async/jobs.js';
import type { Config } from '../config/config.js';
import type { Known, Probed } from '../config/derivations.js';
import { blockCount } from '../config/derive.js';
import { SourceError } from '../errors.js';
import { leastMemory } from '../fill/least-memory.js';
import { MemoryFiles } from '../fill/sink.js';
import { wantedTensors } from '../fill/wanted.js';
import type { MeasuredErrors } from '../fill/worker.js';
import { executeInThreads } from '../fill/workers.js';
import { KeyValues } from '../gguf/key-values.js';
import { placeTensors, type UnplacedTensor } from '../layout/layout.js';
import type { PlannedFile } from '../layout/plan.js';
import type { Repo } from '../repo/repo.js';
import { cast, slice, sub } from '../tensor/build.js';
import { elementCount, type NamedExpr, type TensorExpr } from '../tensor/expr.js';
import { shapeOf } from '../tensor/rows.js';
import { DEFAULT_MAX_MEMORY } from './finish-plan.js';
import type { OutputParams } from './params.js';

/** A probe of more values than a header could hold. */
export class ProbeSizeError extends SourceError {}

const MAX_VALUES = 2 ** 20;
const MAX_ROWS = 2 ** 14;

interface ProbeContext {
  readonly repo: Repo;
  readonly known: Known;
  readonly params: Pick<OutputParams, 'maxMemory' | 'signal'> & Jobs;
}

/**
 * What an architecture's probes find, all from one read of their tensors by the workers that fill files. A comparison is
 * an expression whose elements have to be 0: the workers add up its squares, and keep no element.
 * @returns by id, without those of which a tensor is missing.
 * @throws ProbeSizeError, MemoryLimitError, and as `execute`
 */
export async function readProbes(
  { probes = [] }: Architecture,
  tensors: readonly NamedExpr[],
  { repo, known, params }: ProbeContext,
): Promise<ReadonlyMap<string, Probed>> {
  const sources = new Map(tensors.map(({ name, expr }) => [name, expr]));
  const there = probes.filter(({ want }) => want === 'there');
  const present = there.map(({ id, of }) => [id, of.some((name) => sources.has(name))] as const);
  const wanted = probes.flatMap((probe) => {
    const found = namesOf(probe, known.config).map((name) => sources.get(name));
    return probe.want !== 'there' && found.every((expr) => expr !== undefined) ? [{ ...probe, found }] : [];
  });
  if (wanted.length === 0) {
    return new Map(present);
  }
  const unequal = wanted.filter(({ want, found: [a, b] }) => want === 'equal' && !haveOneShape(a, b));
  const compared = wanted.filter(
    (probe) => (probe.want === 'zero' || probe.want === 'equal') && !unequal.includes(probe),
  );
  const rows = wanted.flatMap((probe) => (probe.want === 'zero-rows' ? rowsOf(probe, known) : []));
  const values = wanted.flatMap(({ id, want, found }) =>
    want === 'values' ? found.map((expr, i) => ({ id, i, expr })) : [],
  );
  const count = values.reduce((sum, { expr }) => sum + elementCount(shapeOf(expr)), 0);
  if (count > MAX_VALUES || rows.length > MAX_ROWS) {
    throw new ProbeSizeError(
      `Planning wants ${count} values of the weights and ${rows.length} of their rows, more than ${MAX_VALUES} or ${MAX_ROWS}.`,
      'Check the probes of --arch-file.',
    );
  }
  const files = [
    values.map(({ id, i, expr }) => floats(`${id} ${i}`, expr)),
    [
      ...compared.map(({ id, found: [a, b] }) => floats(id, b ? sub(a as TensorExpr, b) : (a as TensorExpr))),
      ...rows.map(({ id, row, expr }) => floats(`${id} ${row}`, expr)),
    ],
  ].map((own, i) => placeTensors({ name: `probes ${i}`, type: 'F32', kv: NO_KEYS, tensors: own }));
  const squares = new Map<string, number>();
  const onErrors = ({ file, tensor, sums: [, , own = 0] }: MeasuredErrors) =>
    file === 1 && squares.set(tensor, (squares.get(tensor) ?? 0) + own);
  // The values alone are kept: there is no place for what is compared.
  const [{ tensors: placed, headerSize, size }] = files as [PlannedFile];
  const sink = new MemoryFiles([{ path: 'probes', size, header: new Uint8Array(0) }]);
  const { jobs, maxMemory: memory = DEFAULT_MAX_MEMORY, signal } = params;
  const all = wantedTensors(files, repo);
  leastMemory(all, memory);
  await executeInThreads({ repo, sink, tensors: all, jobs, memory, signal, onErrors, emit: () => {} });
  const [bytes] = sink.files;
  const read = new Map<string, number[]>();
  for (const [i, { offset, size: length }] of placed.entries()) {
    const { id } = values[i] as (typeof values)[0];
    const own = bytes?.slice(headerSize + offset, headerSize + offset + length).buffer ?? new ArrayBuffer(0);
    read.set(id, [...(read.get(id) ?? []), ...new Float32Array(own)]);
  }
  const zeroRows = rows.filter(({ id, row }) => squares.get(`${id} ${row}`) === 0);
  return new Map<string, Probed>([
    ...zeroRows.map(({ id }) => [id, zeroRows.filter((own) => own.id === id).map(({ row }) => row)] as const),
    ...read,
    ...compared.map(({ id }) => [id, squares.get(id) === 0] as const),
    ...present,
    ...unequal.map(({ id }) => [id, false] as const),
  ]);
}

/** A tensor's rows from a number on, one by one. */
function rowsOf({ id, from, found }: Probe & { readonly found: readonly TensorExpr[] }, known: Known) {
  const first = from && typedValue(from, 'u32', known);
  return found.flatMap((expr) => {
    const count = Math.max(0, typeof first === 'number' ? (shapeOf(expr)[0] ?? 0) - first : 0);
    return Array.from({ length: count }, (_, i) => i + Number(first)).map((row) => ({
      ...{ id, row },
      expr: slice(expr, 0, row, row + 1),
    }));
  });
}

const NO_KEYS = new KeyValues();

function namesOf({ of }: Probe, config: Config): readonly string[] {
  return of.flatMap((name) =>
    name.includes('{b}')
      ? Array.from({ length: blockCount(config) }, (_, b) => name.replaceAll('{b}', String(b)))
      : [name],
  );
}

function haveOneShape(a: TensorExpr | undefined, b: TensorExpr | undefined): boolean {
  return a !== undefined && b !== undefined && shapeOf(a).join() === shapeOf(b).join();
}

function floats(name: string, expr: TensorExpr): UnplacedTensor {
  const ne = [...shapeOf(expr)].reverse();
  const write = { kind: 'convert', via: 'F32', finite: false } as const;
  return { name, type: 'F32', ne, expr: cast(expr, 'F32'), write, why: 'a probe' };
}
