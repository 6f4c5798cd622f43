import type { Difference, TensorDifference } from '../files/diff.js';
import { printable } from '../printable.js';
import { changeLine } from './change-line.js';
import type { Paint } from './terminal/style.js';
import { renderTable } from './terminal/table.js';
import { wrap } from './terminal/text.js';
import { shorten } from './value-text.js';

/** Two files' differences as text for a terminal: a line that sums them up, the keys, the tensors. */
export function renderDifference(difference: Difference, width: number, paint: Paint): string {
  const { kv, tensors, sameOrder } = difference;
  return [
    wrap(summary(difference), width, '  '),
    ...(sameOrder.kv ? [] : ['The keys that both have come in another order.']),
    ...(sameOrder.tensors ? [] : ['The tensors that both have come in another order.']),
    ...(kv.length > 0 ? [kv.map((change) => wrap(changeLine(change), width, '    ')).join('\n')] : []),
    ...(tensors.length > 0 ? [tensorTable(tensors, width, paint)] : []),
  ].join('\n\n');
}

function summary({ a, b, same, kv, tensors }: Difference): string {
  const names = `${printable(a.source)} and ${printable(b.source)}`;
  if (same) {
    return `${names} are the same: ${a.keys} keys, ${a.tensors} tensors.`;
  }
  const all = a.tensors === b.tensors ? `${a.tensors}` : `${a.tensors} and ${b.tensors}`;
  const worst = farthest(tensors);
  const error = worst ? `; the farthest is ${printable(worst.name)}, ${percent(worst.error?.relativeRmse)} off` : '';
  return `${names} differ in ${count(kv.length, 'key')} and ${tensors.length} of ${all} tensors${error}.`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function farthest(tensors: readonly TensorDifference[]): TensorDifference | undefined {
  const measured = tensors.filter(({ error }) => error !== null);
  return measured.sort((x, y) => (y.error?.relativeRmse ?? 0) - (x.error?.relativeRmse ?? 0))[0];
}

function tensorTable(tensors: readonly TensorDifference[], width: number, paint: Paint): string {
  return renderTable(
    tensors,
    [
      { head: '', cell: ({ a, b }) => (a === null ? '+' : b === null ? '-' : '~') },
      { head: 'tensor', cell: ({ name }) => shorten(printable(name)), shrinks: 'middle' },
      { head: 'type', cell: ({ a, b }) => both(a?.type, b?.type) },
      { head: 'shape', cell: ({ a, b }) => both(a?.ne.join(' × '), b?.ne.join(' × ')), drop: 1 },
      { head: 'RMSE', cell: ({ error }) => (error ? digits(error.rmse) : ''), right: true, drop: 3 },
      { head: 'relative', cell: ({ error }) => (error ? percent(error.relativeRmse) : ''), right: true },
      { head: 'largest', cell: ({ error }) => (error ? digits(error.maxError) : ''), right: true, drop: 2 },
    ],
    width,
    (text) => paint('heading', text),
  );
}

function both(a: string | undefined, b: string | undefined): string {
  return a === undefined || b === undefined || a === b ? (a ?? b ?? '') : `${a} → ${b}`;
}

function digits(value: number): string {
  return value === 0 ? '0' : value.toPrecision(3);
}

function percent(share = 0): string {
  return `${digits(share * 100)} %`;
}
