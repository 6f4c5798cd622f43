import type { ModelInspection } from '../plan/inspect-model.js';
import { printable } from '../printable.js';
import { formatBytes, formatCount } from './format.js';
import { plain } from './terminal/style.js';
import { renderTable } from './terminal/table.js';
import { wrap } from './terminal/text.js';

/** A model as text for a terminal: what it is, how its weights are kept, its tensors. */
export function renderModel(model: ModelInspection, width = Number.POSITIVE_INFINITY, paint = plain): string {
  const { source, revision, architecture, kept, tensors } = model;
  const heading = (text: string) => paint('heading', text);
  const [parameters, bytes] = [sum(kept.map((part) => part.parameters)), sum(kept.map((part) => part.bytes))];
  const becomes = architecture ? `converts as ${architecture}` : 'a class that does not convert';
  const at = revision ? ` at ${revision}` : '';
  const parts = renderTable(
    kept,
    [
      { head: 'kept as', cell: (part) => printable(part.kept) },
      { head: 'tensors', cell: (part) => String(part.tensors), right: true, drop: 1 },
      { head: 'parameters', cell: (part) => formatCount(part.parameters), right: true },
      {
        head: 'share',
        cell: (part) => `${((100 * part.parameters) / Math.max(parameters, 1)).toFixed(1)} %`,
        right: true,
      },
      { head: 'size', cell: (part) => formatBytes(part.bytes), right: true },
    ],
    width,
    heading,
  );
  const table = renderTable(
    tensors,
    [
      { head: 'tensor', cell: ({ name }) => printable(name), shrinks: 'middle' },
      { head: 'kept as', cell: (tensor) => printable(tensor.kept), drop: 1 },
      { head: 'shape', cell: ({ shape }) => shape.join(' × ') },
    ],
    width,
    heading,
  );
  const summary = `${source}${at}: ${model.class}, ${becomes}; ${formatCount(parameters)} parameters in ${tensors.length} tensors, ${formatBytes(bytes)}`;
  return [wrap(printable(summary), width, '  '), parts, table].join('\n\n');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
