import type { PlacedFile, Plan, PlannedTensor, Prediction } from '../convert/plan.js';
import { formatBytes, formatCount, formatTable } from './format.js';

/** Of a file that another will give way to. */
export const REPLACES = ', replaces the file that is there';

/** The plan as `--dry-run` prints it. */
export function renderPlan(plan: Plan): string {
  const { id, revision, architecture } = plan.source;
  return [
    `${id}${revision ? ` at ${revision}` : ''}: ${architecture}`,
    ...plan.files.map(renderFile),
    `Reads ${formatBytes(plan.sourceBytes)} of weights, takes ${formatBytes(plan.memory)} of buffers and ${formatBytes(plan.disk)} of disk.`,
  ].join('\n\n');
}

function renderFile(file: PlacedFile): string {
  const rows = file.tensors.map((t) => [
    t.name,
    sourceType(t),
    t.type,
    t.ne.join(' × '),
    formatBytes(t.size),
    t.instead ? `${t.instead} asked for: ${t.why}` : t.why,
  ]);
  const lines = [
    `${file.path}: ${formatBytes(file.size)} (${file.size} bytes), ${file.kv.length} key-values, ${file.tensors.length} tensors` +
      (file.tensors.length
        ? `, ${formatCount(file.parameters)} parameters, ${file.bitsPerWeight.toFixed(3)} bits per weight`
        : '') +
      (file.replaces ? REPLACES : ''),
  ];
  if (rows.length > 0) {
    lines.push(formatTable([['tensor', 'from', 'to', 'shape', 'size', 'why'], ...rows], [4]));
    lines.push(`Types: ${countTypes(file.tensors)}`);
  }
  if (file.prediction) {
    lines.push(renderPrediction(file.prediction));
  }
  if (file.fallbackShare > 0) {
    const share = `${(file.fallbackShare * 100).toFixed(1)} % of the parameters get another type than asked for`;
    lines.push(`${share}; with the asked ones it would be ${file.askedBitsPerWeight.toFixed(3)} bits per weight.`);
  }
  return lines.join('\n');
}

/** What a choice of types is expected to cost. */
export function renderPrediction({ kld, relativeError }: Prediction): string {
  const error = `relative errors of the tensors ${relativeError.toPrecision(3)} in all`;
  return kld === null
    ? `Predicted damage: ${error}.`
    : `Predicted damage: a mean KL divergence of ${kld.toPrecision(3)} nats (${error}).`;
}

function sourceType({ expr, copy, type }: PlannedTensor): string {
  if (copy) {
    return type;
  }
  let inner = expr;
  while (inner.op === 'permute-rows') {
    inner = inner.of;
  }
  return inner.op === 'constant' ? 'computed' : inner.dtype;
}

function countTypes(tensors: readonly PlannedTensor[]): string {
  const counts = new Map<string, number>();
  for (const { type } of tensors) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].map(([type, count]) => `${count} × ${type}`).join(', ');
}
