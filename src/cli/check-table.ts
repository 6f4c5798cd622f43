import type { WrittenFile } from '../events.js';
import type { Checked, CheckResult } from '../runner/check.js';
import type { Estimate } from '../runner/perplexity.js';
import { formatBytes, formatSeconds, formatTable, printable } from './format.js';

/** One model in detail, several as a table. */
export function renderCheck(result: CheckResult): string {
  const [first] = result.models;
  return result.models.length === 1 && first ? renderOne(first, result) : renderAll(result);
}

/**
 * A row a model, the base first.
 * @param written the same models as a conversion knows them: the type asked for, and what it expected of a target size.
 */
export function renderAll({ base, models }: CheckResult, written: readonly WrittenFile[] = []): string {
  const files = new Map(written.map((file) => [file.path, file]));
  const predicted = ({ source }: Checked) => files.get(source)?.prediction?.kld?.toFixed(6);
  const columns: (readonly [string, (model: Checked) => string])[] = [
    ['type', ({ source, type }) => files.get(source)?.type ?? type ?? '-'],
    ['size', ({ size }) => formatBytes(size)],
    ['bits/weight', ({ bitsPerWeight }) => bitsPerWeight.toFixed(2)],
    ['perplexity', ({ perplexity }) => plusMinus(perplexity, 4)],
    ['KL divergence', ({ divergence }) => (divergence ? plusMinus(divergence.kld, 6) : '-')],
    ...(models.some(predicted) ? [['predicted', (model: Checked) => predicted(model) ?? '-'] as const] : []),
    ['same top token', ({ divergence }) => (divergence ? plusMinus(percent(divergence.sameTop), 2, ' %') : '-')],
    ['', (model) => printable(model.source) + (model === base ? ' (base)' : '')],
  ];
  const rows = [...(base ? [base] : []), ...models].map((model) => columns.map(([, cell]) => cell(model)));
  return formatTable([columns.map(([head]) => head), ...rows], [...columns.keys()].slice(1, -1));
}

function renderOne(model: Checked, { base, text, ctx, chunks, tokens }: CheckResult): string {
  const { source, type, size, bitsPerWeight, perplexity, divergence } = model;
  const facts = [...(type ? [type] : []), formatBytes(size), `${bitsPerWeight.toFixed(2)} bits per weight`];
  const rows = [row('perplexity', perplexity, 4)];
  if (base && divergence) {
    const { kld, perplexityRatio, sameTop, probabilityDifference } = divergence;
    rows.push(
      row("the base's perplexity", base.perplexity, 4),
      row('perplexity ratio', perplexityRatio, 6),
      row('KL divergence, mean', kld, 6),
      ...SPREAD.map(([name, key]) => [name, kld[key].toFixed(6)]),
      row('same top token, %', percent(sameTop), 3),
      row('probability difference, RMS, %', percent(probabilityDifference.rms), 3),
      row('probability difference, mean, %', percent(probabilityDifference.mean), 3),
    );
  }
  return [
    `${printable(source)}: ${facts.join(', ')}`,
    ...(base ? [`against ${printable(base.source)}`] : []),
    `${chunks} ${chunks === 1 ? 'chunk' : 'chunks'} of ${ctx} tokens of ${text === null ? 'the bundled text' : printable(text)}, ${tokens} tokens scored`,
    '',
    formatTable(rows, [1]),
  ].join('\n');
}

const SPREAD = [
  ['  least', 'minimum'],
  ['  10 %', 'p10'],
  ['  median', 'median'],
  ['  90 %', 'p90'],
  ['  95 %', 'p95'],
  ['  99 %', 'p99'],
  ['  99.9 %', 'p999'],
  ['  largest', 'maximum'],
] as const;

/** A check that is under way. */
export function runningText(
  { done, total, models }: { done: number; total: number; models: readonly Checked[] },
  seconds: number,
): string {
  const left = done < total ? `, ${formatSeconds((seconds * (total - done)) / done)} left` : '';
  return `${done} of ${total} chunks${left}; ${figures(models)}`;
}

/** What a progress line has room for: of several models, how far each is from the base. */
function figures(models: readonly Checked[]): string {
  const [first] = models;
  if (models.length === 1 && first) {
    const { perplexity, divergence } = first;
    return divergence
      ? `perplexity ${plusMinus(perplexity, 2)}, KL divergence ${plusMinus(divergence.kld, 4)}, same top token ${plusMinus(percent(divergence.sameTop), 1, ' %')}`
      : `perplexity ${plusMinus(perplexity, 4)}`;
  }
  const each = models.map(({ type, source, perplexity, divergence }) => {
    const figure = divergence ? divergence.kld.value.toFixed(4) : perplexity.value.toFixed(2);
    return `${type ?? printable(source)} ${figure}`;
  });
  return `${first?.divergence ? 'KL divergence' : 'perplexity'}: ${each.join(', ')}`;
}

function row(name: string, { value, error }: Estimate, digits: number): string[] {
  return [name, value.toFixed(digits), `± ${error.toFixed(digits)}`];
}

function percent({ value, error }: Estimate): Estimate {
  return { value: 100 * value, error: 100 * error };
}

function plusMinus({ value, error }: Estimate, digits: number, unit = ''): string {
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}${unit}`;
}
