import { narrow, segments } from '../tensor/rows.js';
import type { Task } from './tasks.js';
import type { WantedTensor } from './wanted.js';

/** Which rows of which tensors are written. Pieces end in another order than they begin. */
export class WrittenRows {
  /** Numbers of the tensors by their first destination. */
  readonly #numbers: ReadonlyMap<string, number>;
  /** For each tensor, its rows from the first on, and what is written behind a gap: ends by beginnings. */
  readonly #tensors: { rows: number; readonly behind: Map<number, number> }[];

  constructor(tensors: readonly WantedTensor[]) {
    this.#numbers = new Map(tensors.map((tensor, i) => [keyOf(tensor), i]));
    this.#tensors = tensors.map(({ start }) => ({ rows: start ?? 0, behind: new Map() }));
  }

  /** Adds the rows of a task. @returns how many rows from the first on the tensors have whose number has changed */
  add({ pieces }: Task): Map<number, number> {
    const changed = new Map<number, number>();
    for (const { from, to, destinations } of pieces) {
      const number = this.#numbers.get(keyOf({ destinations }));
      const tensor = number === undefined ? undefined : this.#tensors[number];
      if (number === undefined || !tensor) {
        continue;
      }
      tensor.behind.set(from, to);
      for (let end = tensor.behind.get(tensor.rows); end !== undefined; end = tensor.behind.get(tensor.rows)) {
        tensor.behind.delete(tensor.rows);
        tensor.rows = end;
        changed.set(number, end);
      }
    }
    return changed;
  }
}

function keyOf({ destinations }: Pick<WantedTensor, 'destinations'>): string {
  const [first] = destinations;
  return `${first?.file} ${first?.tensor}`;
}

/** The tensors without the rows that an earlier run has written. Rows of one grain are read together, so a grain is whole. */
export function withoutWritten(
  tensors: readonly WantedTensor[],
  done: ReadonlyMap<number, number> = new Map(),
): readonly WantedTensor[] {
  if (done.size === 0) {
    return tensors;
  }
  return tensors.map((tensor, i) => {
    const { rows, grain, expr } = tensor;
    const written = Math.min(done.get(i) ?? 0, rows);
    const start = written === rows ? rows : Math.floor(written / grain) * grain;
    return { ...tensor, start, segments: start === rows ? [] : segments(narrow(expr, start, rows)) };
  });
}

/** The share of the work that is done already, from 0 to 1, by bytes of the source. */
export function writtenShare(tensors: readonly WantedTensor[]): number {
  const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const written = tensors.reduce((sum, { bytes, rows, start = 0 }) => sum + (bytes * start) / Math.max(rows, 1), 0);
  return written / Math.max(total, 1);
}
