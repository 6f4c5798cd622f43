import type { Inspection } from '../gguf-files/inspect.js';
import { printable } from '../printable.js';
import { formatBytes, formatCount } from './format.js';
import { plain } from './terminal/style.js';
import { renderTable } from './terminal/table.js';
import { wrap } from './terminal/text.js';
import { shorten, sizedTypeName, valueText } from './value-text.js';

/** A GGUF file as text for a terminal: what it is, its metadata, its tensors, and a line for each type. */
export function renderInspection(
  file: Omit<Inspection, 'get'>,
  width = Number.POSITIVE_INFINITY,
  paint = plain,
): string {
  const { tensors, kv } = file;
  const heading = (text: string) => paint('heading', text);
  const counts = tensors.map(({ ne }) => elements(ne));
  const total = sum(counts);
  const bytes = sum(tensors.map(({ size }) => size));
  const order = file.bigEndian ? ', big-endian' : '';
  const weights =
    tensors.length > 0 ? `, ${formatCount(total)} weights, ${bitsPerWeight(bytes, total)} bits per weight` : '';
  return [
    wrap(
      `${printable(file.source)}: GGUF version ${file.version}${order}, ${formatBytes(file.size)}, ${kv.length} keys, ${tensors.length} tensors${weights}${partOfSplit(kv)}`,
      width,
      '  ',
    ),
    keyTable(kv, width, heading),
    ...(tensors.length > 0 ? [tensorTable(file, width, heading), typeTable(file, width, heading)] : []),
  ].join('\n\n');
}

type Heading = (text: string) => string;

function keyTable(kv: Inspection['kv'], width: number, heading: Heading): string {
  return renderTable(
    kv,
    [
      { head: 'key', cell: ([key]) => shorten(printable(key)) },
      { head: 'type', cell: ([, value]) => sizedTypeName(value), drop: 1 },
      { head: 'value', cell: ([, value]) => valueText(value), shrinks: 'end' },
    ],
    width,
    heading,
  );
}

/** What a part says of the whole. */
function partOfSplit(kv: Inspection['kv']): string {
  const keys = new Map(kv);
  const [number, count, total] = ['split.no', 'split.count', 'split.tensors.count'].map((key) => keys.get(key)?.value);
  return Number(count) > 1 ? `; part ${Number(number) + 1} of ${count}, together ${total} tensors` : '';
}

function tensorTable({ tensors }: Pick<Inspection, 'tensors'>, width: number, heading: Heading): string {
  return renderTable(
    tensors,
    [
      { head: 'tensor', cell: ({ name }) => shorten(printable(name)), shrinks: 'middle' },
      { head: 'type', cell: ({ type }) => type },
      { head: 'shape (row first)', cell: ({ ne }) => ne.join(' × '), drop: 1 },
      { head: 'size', cell: ({ size }) => formatBytes(size), right: true },
      { head: 'at byte', cell: ({ offset }) => String(offset), right: true, drop: 2 },
    ],
    width,
    heading,
  );
}

/** How many tensors, weights and bytes each type has; the largest share first. */
function typeTable({ tensors }: Pick<Inspection, 'tensors'>, width: number, heading: Heading): string {
  const types = [...new Set(tensors.map(({ type }) => type))].map((type) => {
    const own = tensors.filter((tensor) => tensor.type === type);
    return {
      type,
      count: own.length,
      weights: sum(own.map(({ ne }) => elements(ne))),
      bytes: sum(own.map((t) => t.size)),
    };
  });
  types.sort((a, b) => b.bytes - a.bytes);
  return renderTable(
    types,
    [
      { head: 'type', cell: ({ type }) => type },
      { head: 'tensors', cell: ({ count }) => String(count), right: true },
      { head: 'weights', cell: ({ weights }) => formatCount(weights), right: true, drop: 1 },
      { head: 'size', cell: ({ bytes }) => formatBytes(bytes), right: true },
      { head: 'bits per weight', cell: ({ bytes, weights }) => bitsPerWeight(bytes, weights), right: true },
    ],
    width,
    heading,
  );
}

function bitsPerWeight(bytes: number, weights: number): string {
  return (weights === 0 ? 0 : (bytes * 8) / weights).toFixed(2);
}

function elements(ne: readonly number[]): number {
  return ne.reduce((product, length) => product * length, 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
