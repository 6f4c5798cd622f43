import type { GgmlType } from '../gguf/types.js';
import { type PlannedFile, type PlannedTensor, type TensorWrite, writeWeights } from '../layout/plan.js';
import type { Repo } from '../repo/repo.js';
import { rowLength, type SourceExpr, type TensorExpr } from '../tensor/expr.js';
import type { Segment } from '../tensor/operator.js';
import { grain, rowCount, segments, shapeOf, sourcesOf } from '../tensor/rows.js';
import { compareSegments } from './reads.js';

/** A tensor of one of the planned files. */
export interface Destination {
  /** Its name there. */
  readonly tensor: string;
  /** Index of the planned file. */
  readonly file: number;
  /** Byte in that file where its first row goes; of a piece, where the piece's first row goes. */
  readonly position: number;
  /** Bytes of a row there. */
  readonly rowBytes: number;
  readonly type: GgmlType;
  /** Of a piece, its weights are those of the matrix that its rows are in: (columns). */
  readonly write: TensorWrite;
}

/** An expression, and all tensors that are made of it: it is evaluated once for all of them. */
export interface WantedTensor {
  readonly expr: TensorExpr;
  readonly rows: number;
  readonly columns: number;
  /** As `grain` has it. */
  readonly grain: number;
  /** Rows that share importance weights: an expert's where there are weights, else all. */
  readonly matrixRows: number;
  /** Whether all of its sources lie in files of this machine. */
  readonly isLocal: boolean;
  /** Source bytes, gaps left out. */
  readonly bytes: number;
  readonly destinations: readonly Destination[];
}

/** What planned files are made of, in the order of the source: neighbours are read together. */
export function wantedTensors(
  files: readonly Pick<PlannedFile, 'tensors' | 'headerSize'>[],
  repo: Repo,
): WantedTensor[] {
  const byExpr = new Map<TensorExpr, { matrixRows: number; destinations: Destination[] }>();
  for (const [file, { tensors, headerSize }] of files.entries()) {
    for (const tensor of tensors) {
      const { expr } = tensor;
      const entry = byExpr.get(expr) ?? { matrixRows: rowCount(expr), destinations: [] };
      byExpr.set(expr, entry);
      entry.destinations.push(destinationOf(tensor, file, headerSize));
      if (writeWeights(tensor.write)) {
        entry.matrixRows = tensor.ne[1] ?? 1;
      }
    }
  }
  const isLocal = localFiles(repo);
  const placed = [...byExpr].map(([expr, entry]) => {
    const sources = sourcesOf(expr);
    const wanted: WantedTensor = {
      ...{ expr, rows: rowCount(expr), columns: rowLength(shapeOf(expr)), grain: Math.max(1, grain(expr)) },
      ...{ isLocal: sources.every(({ file }) => isLocal(file)), bytes: bytesOfSegments(segments(expr)), ...entry },
    };
    return { first: firstOf(sources), wanted };
  });
  placed.sort((a, b) => compareFirst(a.first, b.first));
  return placed.map(({ wanted }) => wanted);
}

function destinationOf(tensor: PlannedTensor, file: number, headerSize: number): Destination {
  const { name, offset, size, type, write } = tensor;
  return {
    ...{ tensor: name, file, position: headerSize + offset, rowBytes: size / rowCount(tensor.expr) },
    ...{ type, write },
  };
}

/** Repositories look files up anew each time. */
function localFiles(repo: Repo): (file: string) => boolean {
  const known = new Map<string, boolean>();
  return (file) => {
    const isLocal = known.get(file) ?? repo.local(file) !== null;
    known.set(file, isLocal);
    return isLocal;
  };
}

function firstOf(sources: readonly SourceExpr[]): SourceExpr | undefined {
  return sources.reduce<SourceExpr | undefined>(
    (first, source) => (first && compareSegments(first, source) <= 0 ? first : source),
    undefined,
  );
}

/** What needs no source comes last. */
function compareFirst(a: SourceExpr | undefined, b: SourceExpr | undefined): number {
  return a && b ? compareSegments(a, b) : Number(!a) - Number(!b);
}

/** Bytes of all runs. */
export function bytesOfSegments(all: readonly Segment[]): number {
  return all.reduce((sum, { length, count }) => sum + length * count, 0);
}
