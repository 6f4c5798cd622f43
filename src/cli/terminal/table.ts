import { printable } from '../../printable.js';
import { cutEnd, cutMiddle, textWidth } from './text.js';

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** Numbers. */
  readonly right?: true;
  /** Whether it is left out where there is no room: the largest number first. */
  readonly drop?: number;
  /** Where it is cut when there is still no room. */
  readonly shrinks?: 'middle' | 'end';
}

const GAP = 2;
/** A column that is cut stays this wide. */
const LEAST = 12;

/**
 * Rows under their heads, at most `width` columns wide: columns are left out, then cut.
 * Hidden characters of cells are shown as escapes, so that each row is one line.
 * @param width columns of the terminal; Infinity for all of everything.
 * @param heading how the line of heads is shown.
 */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width = Number.POSITIVE_INFINITY,
  heading: (text: string) => string = (text) => text,
): string {
  const kept = [...columns];
  const cells = new Map(
    columns.map((column) => [column, [column.head, ...rows.map((row) => printable(column.cell(row)))]]),
  );
  const widths = new Map(
    [...cells].map(([column, all]) => [column, all.reduce((most, text) => Math.max(most, textWidth(text)), 0)]),
  );
  const total = () => kept.reduce((sum, column) => sum + GAP + (widths.get(column) ?? 0), -GAP);
  const shrinkable = () => kept.reduce((sum, column) => sum + shrinkBy(column, widths.get(column) ?? 0), 0);
  while (total() - shrinkable() > width && kept.some(({ drop }) => drop !== undefined)) {
    const last = kept.reduce((a, b) => ((b.drop ?? -1) > (a.drop ?? -1) ? b : a));
    kept.splice(kept.indexOf(last), 1);
  }
  for (const column of kept.filter(({ shrinks }) => shrinks)) {
    const own = widths.get(column) ?? 0;
    widths.set(column, own - Math.min(shrinkBy(column, own), Math.max(0, total() - width)));
  }
  const line = (row: number) =>
    kept
      .map((column) => pad(column, cells.get(column)?.[row] ?? '', widths.get(column) ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [heading(line(0)), ...rows.map((_, i) => line(i + 1))].join('\n');
}

function shrinkBy({ shrinks }: Column<never>, width: number): number {
  return shrinks ? Math.max(0, width - LEAST) : 0;
}

function pad({ right, shrinks }: Column<never>, text: string, width: number): string {
  const cut = (shrinks === 'end' ? cutEnd : cutMiddle)(text, width);
  const space = ' '.repeat(width - textWidth(cut));
  return right ? space + cut : cut + space;
}
