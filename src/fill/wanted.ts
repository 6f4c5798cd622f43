import type { GgmlType } from '../gguf/types.js';
import { type PlannedFile, type PlannedTensor, type TensorWrite, writeWeights } from '../layout/plan.js';
import type { Repo } from '../repo/repo.js';
import { rowLength, type SourceExpr, type TensorExpr } from '../tensor/expr.js';
import type { Segment } from '../tensor/operator.js';
import { grain, rowCount, segments, shapeOf, sourcesOf } from '../tensor/rows.js';
import { compareSegments } from './reads.js';

/** A tensor of a planned file, and its place there. */
export interface Destination {
  /** The tensor's name in that file. */
  readonly tensor: string;
  /** Index of the planned file. */
  readonly file: number;
  /** Byte of the file at which the tensor's first row begins. In a piece: at which the piece's first row begins. */
  readonly position: number;
  /** Bytes of a row in the file. */
  readonly rowBytes: number;
  readonly type: GgmlType;
  /** In a piece, the weights are (columns): those of the matrix to which its rows belong. */
  readonly write: TensorWrite;
}

/** A place in a source file. */
export type Place = Pick<Segment, 'file' | 'offset'>;

/** An expression, and all tensors that are made of it. It is evaluated once for all of them. */
export interface WantedTensor {
  readonly expr: TensorExpr;
  readonly rows: number;
  readonly columns: number;
  /** The result of `grain` in tensor/rows.ts. */
  readonly grain: number;
  /**
   * Rows of a piece at most: an expert's, where experts have importance weights of their own or lie apart in the source;
   * else all rows.
   */
  readonly matrixRows: number;
  /** Whether all sources are local files. */
  readonly isLocal: boolean;
  readonly segments: readonly Segment[];
  /** Source bytes: those of its segments, without the gaps between runs. */
  readonly bytes: number;
  /** Where the first of its sources begins; undefined without a source. */
  readonly first: Place | undefined;
  readonly destinations: readonly Destination[];
  /** The row at which this run begins; an earlier one has written those before it. @default 0 */
  readonly start?: number;
}

/**
 * The expressions that the planned files need, sorted by their place in the sources, so that neighbours are read
 * together.
 */
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
      if (writeWeights(tensor.write) || (tensor.ne.length > 2 && sourcesOf(expr).length > 1)) {
        entry.matrixRows = tensor.ne[1] ?? 1;
      }
    }
  }
  const isLocal = localFiles(repo);
  const placed = [...byExpr].map(([expr, entry]): WantedTensor => {
    const sources = sourcesOf(expr);
    const first = firstOf(sources);
    const own = segments(expr);
    return {
      ...{ expr, rows: rowCount(expr), columns: rowLength(shapeOf(expr)), grain: Math.max(1, grain(expr)) },
      ...{ isLocal: sources.every(({ file }) => isLocal(file)), segments: own, bytes: bytesOfSegments(own), ...entry },
      first: first && { file: first.file, offset: first.offset },
    };
  });
  return placed.sort((a, b) => comparePlaces(a.first, b.first));
}

function destinationOf(tensor: PlannedTensor, file: number, headerSize: number): Destination {
  const { name, offset, size, type, write } = tensor;
  return {
    ...{ tensor: name, file, position: headerSize + offset, rowBytes: size / rowCount(tensor.expr) },
    ...{ type, write },
  };
}

/** Whether a file is local, remembered for each file: a repository looks it up anew each time. */
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

/** Orders by file and offset. What has no source comes last. */
export function comparePlaces(a: Place | undefined, b: Place | undefined): number {
  return a && b ? compareSegments(a, b) : Number(!a) - Number(!b);
}

/** Bytes of the runs of all segments. */
export function bytesOfSegments(all: readonly Segment[]): number {
  return all.reduce((sum, { length, count }) => sum + length * count, 0);
}
