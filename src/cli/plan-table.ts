import type { KeptPart, PlacedFile, Plan, PlannedTensor, Prediction } from '../layout/plan.js';
import { counted } from '../options/counted.js';
import { printable } from '../printable.js';
import { sourcesOf } from '../tensor/rows.js';
import { formatBytes, formatCount } from './format.js';
import type { Paint } from './terminal/style.js';
import { renderTable } from './terminal/table.js';
import { wrap } from './terminal/text.js';

/** Of a file that another will give way to. */
export const REPLACES = ', replaces the file that is there';

interface Look {
  /** Columns of the terminal. */
  readonly width: number;
  readonly paint: Paint;
  /** Every tensor by itself, instead of one line for the layers that are alike. */
  readonly verbose: boolean;
}

/** The plan as `--dry-run` prints it: the files and what they take first, then their tensors. */
export function renderPlan(plan: Plan, look: Look): string {
  const { id, revision, architecture } = plan.source;
  const takes = `Reads ${formatBytes(plan.sourceBytes)} of weights, takes at least ${formatBytes(plan.memory)} of buffers and ${formatBytes(plan.disk)} of disk.`;
  const source = printable(`${id}${revision ? ` at ${revision}` : ''}: ${architecture}`);
  const lines = [source, ...keeps(plan.kept), ...plan.files.flatMap(summary), takes, ...checks(plan)];
  const tables = plan.files.filter(({ tensors }) => tensors.length > 0).map((file) => tensorTable(file, plan, look));
  return [lines.map((line) => wrap(line, look.width, '  ')).join('\n'), ...tables].join('\n\n');
}

/** How the source keeps its weights, where that is not one dtype for all. */
export function keeps(parts: readonly KeptPart[] = []): string[] {
  const total = parts.reduce((sum, { parameters }) => sum + parameters, 0);
  const each = parts.map(({ kept, parameters, bytes }) => {
    const share = ((100 * parameters) / Math.max(total, 1)).toFixed(1);
    return `${share} % ${kept} (${formatBytes(bytes)})`;
  });
  return parts.length < 2 ? [] : [`Keeps its ${formatCount(total)} parameters as ${each.join(', ')}.`];
}

/** Which files are compared with their hashes; nothing where none is known. */
function checks({ sources }: Plan): string[] {
  const checked = sources.filter(({ check }) => check === 'sha256' || check === 'sha1');
  const parts = sources.filter(({ check }) => check === 'part');
  if (checked.length + parts.length === 0) {
    return [];
  }
  return [
    `Compares ${checked.length} of ${counted(sources.length, 'file')} with what the Hub says of them.`,
    ...parts.map(({ path, size, read }) => {
      return `${printable(path)} is not verified: ${((100 * read) / size).toFixed(0)} % read.`;
    }),
  ];
}

function summary(file: PlacedFile): string[] {
  const { path, size, type, kv, tensors, parameters, bitsPerWeight, prediction, fallbackShare, replaces } = file;
  const weights =
    tensors.length > 0 ? `${formatCount(parameters)} parameters, ${bitsPerWeight.toFixed(3)} bits per weight, ` : '';
  const lines = [
    `${printable(path)}: ${formatBytes(size)} (${size} bytes), ${type ? `${type}, ` : ''}${weights}` +
      `${kv.length} key-values, ${tensors.length} tensors${replaces ? REPLACES : ''}`,
  ];
  if (prediction) {
    lines.push(`  ${renderPrediction(prediction)}`);
  }
  if (fallbackShare > 0) {
    const share = `  ${(fallbackShare * 100).toFixed(1)} % of the parameters get another type than asked for`;
    lines.push(`${share}; with the asked ones it would be ${file.askedBitsPerWeight.toFixed(3)} bits per weight.`);
  }
  return lines;
}

/** What a choice of types is expected to cost. */
export function renderPrediction({ kld, relativeError }: Prediction): string {
  const error = `relative errors of the tensors ${relativeError.toPrecision(3)} in all`;
  return kld === null
    ? `Predicted damage: ${error}.`
    : `Predicted damage: a mean KL divergence of ${kld.toPrecision(3)} nats (${error}).`;
}

interface Row {
  readonly name: string;
  readonly count: number;
  readonly size: number;
  /** One of the tensors, which are alike but for their layers. */
  readonly tensor: PlannedTensor;
}

function tensorTable(file: PlacedFile, { files }: Plan, { width, paint, verbose }: Look): string {
  const rows = verbose
    ? file.tensors.map((tensor) => ({ name: printable(tensor.name), count: 1, size: tensor.size, tensor }))
    : byLayers(file.tensors);
  const table = renderTable<Row>(
    rows,
    [
      { head: 'tensor', cell: ({ name }) => name, shrinks: 'middle' },
      { head: 'from', cell: ({ tensor }) => sourceType(tensor), drop: 3 },
      { head: 'to', cell: ({ tensor }) => tensor.type },
      ...(verbose ? [] : [{ head: 'count', cell: ({ count }: Row) => String(count), right: true, drop: 1 } as const]),
      { head: 'shape', cell: ({ tensor }) => tensor.ne.join(' × '), drop: 2 },
      { head: 'size', cell: ({ size }) => formatBytes(size), right: true },
      { head: 'why', cell: ({ tensor }) => why(tensor), shrinks: 'end' },
    ],
    width,
    (text) => paint('heading', text),
  );
  const title = files.length > 1 ? [wrap(`${printable(file.path)}:`, width, '  ')] : [];
  return [...title, table, wrap(`Types: ${countTypes(file.tensors)}`, width, '  ')].join('\n');
}

function why({ instead, why }: PlannedTensor): string {
  return instead ? `${instead} asked for: ${why}` : why;
}

/** Layers whose tensors are alike in one row, in the order of the file: `blk.0-3,8.attn_v.weight`. */
function byLayers(tensors: readonly PlannedTensor[]): Row[] {
  const groups = new Map<string, { layers: number[]; tensors: PlannedTensor[] }>();
  for (const tensor of tensors) {
    const layer = /^blk\.(\d+)\./.exec(tensor.name)?.[1];
    const kind = layer === undefined ? tensor.name : tensor.name.slice(4 + layer.length);
    const key = JSON.stringify([kind, layer === undefined, sourceType(tensor), tensor.type, tensor.ne, why(tensor)]);
    const group = groups.get(key) ?? { layers: [], tensors: [] };
    groups.set(key, group);
    group.tensors.push(tensor);
    if (layer !== undefined) {
      group.layers.push(Number(layer));
    }
  }
  return [...groups.values()].map(({ layers, tensors }) => {
    const [tensor] = tensors as [PlannedTensor];
    const name = layers.length > 0 ? tensor.name.replace(/^blk\.\d+/, `blk.${ranges(layers)}`) : tensor.name;
    return { name: printable(name), count: tensors.length, size: tensors.reduce((sum, t) => sum + t.size, 0), tensor };
  });
}

/** `0-3,8`. */
export function ranges(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const starts = sorted.filter((number, i) => number - 1 !== sorted[i - 1]);
  const ends = sorted.filter((number, i) => number + 1 !== sorted[i + 1]);
  return starts.map((start, i) => (start === ends[i] ? String(start) : `${start}-${ends[i]}`)).join(',');
}

function sourceType({ expr, write, type }: PlannedTensor): string {
  if (write.kind === 'copy') {
    return type;
  }
  return sourcesOf(expr)[0]?.dtype ?? 'computed';
}

function countTypes(tensors: readonly PlannedTensor[]): string {
  const counts = new Map<string, number>();
  for (const { type } of tensors) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].map(([type, count]) => `${count} × ${type}`).join(', ');
}
