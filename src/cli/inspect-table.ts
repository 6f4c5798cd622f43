import type { Inspection } from '../inspect.js';
import { formatBytes, formatCount, formatTable, printable } from './format.js';
import { cut, shown, typeName } from './value-text.js';

/** A GGUF file as text for a terminal: what it is, its metadata, its tensors, and a line for each type. */
export function renderInspection(file: Omit<Inspection, 'get'>): string {
  const { tensors, kv } = file;
  const counts = tensors.map(({ ne }) => elements(ne));
  const total = sum(counts);
  const bytes = sum(tensors.map(({ size }) => size));
  const order = file.bigEndian ? ', big-endian' : '';
  const weights =
    tensors.length > 0 ? `, ${formatCount(total)} weights, ${bitsPerWeight(bytes, total)} bits per weight` : '';
  return [
    `${file.source}: GGUF version ${file.version}${order}, ${formatBytes(file.size)}, ${kv.length} keys, ${tensors.length} tensors${weights}${partOfSplit(kv)}`,
    formatTable([
      ['key', 'type', 'value'],
      ...kv.map(([key, value]) => [cut(printable(key)), typeName(value), shown(value)]),
    ]),
    ...(tensors.length > 0 ? [tensorTable(file), typeTable(file)] : []),
  ].join('\n\n');
}

/** What a part says of the whole. */
function partOfSplit(kv: Inspection['kv']): string {
  const keys = new Map(kv);
  const [number, count, total] = ['split.no', 'split.count', 'split.tensors.count'].map((key) => keys.get(key)?.value);
  return Number(count) > 1 ? `; part ${Number(number) + 1} of ${count}, together ${total} tensors` : '';
}

function tensorTable({ tensors }: Pick<Inspection, 'tensors'>): string {
  const rows = tensors.map(({ name, type, ne, offset, size }) => [
    cut(printable(name)),
    type,
    ne.join(' × '),
    formatBytes(size),
    String(offset),
  ]);
  return formatTable([['tensor', 'type', 'shape (row first)', 'size', 'at byte'], ...rows], [3, 4]);
}

/** How many tensors, weights and bytes each type has; the largest share first. */
function typeTable({ tensors }: Pick<Inspection, 'tensors'>): string {
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
  const rows = types.map(({ type, count, weights, bytes }) => [
    type,
    String(count),
    formatCount(weights),
    formatBytes(bytes),
    bitsPerWeight(bytes, weights),
  ]);
  return formatTable([['type', 'tensors', 'weights', 'size', 'bits per weight'], ...rows], [1, 2, 3, 4]);
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
