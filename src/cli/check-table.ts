import { stripVTControlCharacters } from 'node:util';
import type { WrittenFile } from '../layout/written-file.js';
import { printable } from '../printable.js';
import type { Checked, CheckResult, Estimate } from '../runner/check-result.js';
import { formatBytes } from './format.js';
import type { Paint } from './terminal/style.js';
import { type Column, renderTable } from './terminal/table.js';
import { textWidth, wrap } from './terminal/text.js';

/** One model in detail, several as a table of at most so many columns of the terminal. */
export function renderCheck(result: CheckResult, width: number, paint: Paint): string {
  const [first] = result.models;
  return result.models.length === 1 && first ? renderOne(first, result, width) : renderAll(result, width, paint);
}

/**
 * A row a model, by size, the base marked. Names that leave no room for the figures stand below the table.
 * @param written the same models as the conversion reported them, with the requested type and the expected damage.
 */
export function renderAll(
  { base, models }: CheckResult,
  width: number,
  paint: Paint,
  written: readonly WrittenFile[] = [],
): string {
  const files = new Map(written.map((file) => [file.path, file]));
  const predicted = ({ source }: Checked) => files.get(source)?.prediction?.kld?.toFixed(6);
  const label = (model: Checked) => (model === base ? 'base' : (files.get(model.source)?.type ?? model.type ?? '-'));
  const name = ({ source }: Checked) => printable(source);
  const figures: Column<Checked>[] = [
    { head: 'size', cell: ({ size }) => formatBytes(size), right: true },
    { head: 'bits/weight', cell: ({ bitsPerWeight }) => bitsPerWeight.toFixed(2), right: true, drop: 3 },
    { head: 'perplexity', cell: ({ perplexity }) => plusMinus(perplexity, 4), right: true, drop: 1 },
    {
      head: 'KL divergence',
      cell: ({ divergence }) => (divergence ? plusMinus(divergence.kld, 6) : '-'),
      right: true,
    },
    ...(models.some(predicted)
      ? [{ head: 'predicted', cell: (model: Checked) => predicted(model) ?? '-', right: true, drop: 4 } as const]
      : []),
    {
      head: 'same top token',
      cell: ({ divergence }) => (divergence ? plusMinus(percent(divergence.sameTop), 2, ' %') : '-'),
      right: true,
      drop: 2,
    },
  ];
  const rows = [...(base ? [base] : []), ...models].sort((a, b) => b.size - a.size);
  const heading = (text: string) => paint('heading', text);
  const type: Column<Checked> = { head: 'type', cell: label };
  const whole = renderTable(rows, [type, ...figures, { head: 'file', cell: name }], undefined, heading);
  if (stripped(whole).every((line) => textWidth(line) <= width)) {
    return whole;
  }
  const numbered = rows.map((model, i) => ({ model, number: String(i + 1) }));
  const columns = [type, ...figures].map(({ cell, ...column }) => ({
    ...column,
    cell: ({ model }: (typeof numbered)[number]) => cell(model),
  }));
  const number = { head: '', cell: (row: (typeof numbered)[number]) => row.number, right: true } as const;
  const table = renderTable(numbered, [number, ...columns], width, heading);
  const names = numbered.map(({ model, number }) => wrap(`${number}  ${name(model)}`, width, '   '));
  return `${table}\n\n${names.join('\n')}`;
}

function stripped(text: string): string[] {
  return stripVTControlCharacters(text).split('\n');
}

function renderOne(model: Checked, { base, text, ctx, chunks, tokens }: CheckResult, width: number): string {
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
  const chunk = chunks === 1 ? 'chunk' : 'chunks';
  const lines = [
    `${printable(source)}: ${facts.join(', ')}`,
    ...(base ? [`against ${printable(base.source)}`] : []),
    `${chunks} ${chunk} of ${ctx} tokens of ${text === null ? 'the bundled text' : printable(text)}, ${tokens} tokens scored`,
  ];
  return `${lines.map((line) => wrap(line, width, '  ')).join('\n')}\n\n${alignRows(rows)}`;
}

/** Names, figures and their errors, the figures under each other. */
function alignRows(rows: readonly (readonly string[])[]): string {
  const [names, values] = [0, 1].map((i) => Math.max(...rows.map((row) => (row[i] ?? '').length))) as [number, number];
  return rows
    .map(([name = '', value = '', error = '']) =>
      `${name.padEnd(names)}  ${value.padStart(values)}  ${error}`.trimEnd(),
    )
    .join('\n');
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

/** The figures so far in shorter and shorter forms. With several models: how far each is from the base. */
export function figures(models: readonly Checked[]): string[] {
  const [first] = models;
  if (!first) {
    return [];
  }
  if (models.length === 1) {
    const { perplexity, divergence } = first;
    const [ppl, kld] = [`perplexity ${plusMinus(perplexity, 2)}`, divergence && plusMinus(divergence.kld, 4)];
    return divergence
      ? [
          `${ppl}, KL divergence ${kld}, same top token ${plusMinus(percent(divergence.sameTop), 1, ' %')}`,
          `${ppl}, KL divergence ${kld}`,
          `KL divergence ${kld}`,
        ]
      : [ppl];
  }
  const each = models.map(({ type, source, perplexity, divergence }) => {
    const figure = divergence ? divergence.kld.value.toFixed(4) : perplexity.value.toFixed(2);
    return `${type ?? printable(source)} ${figure}`;
  });
  const what = first.divergence ? 'KL divergence' : 'perplexity';
  return [`${what}: ${each.join(', ')}`, each.join(', '), `${models.length} files`];
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
