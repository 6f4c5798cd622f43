import type { ConvertEvent, ProgressEvent, WrittenFile } from '../events.js';
import { describeCoverage } from '../quantize/imatrix/coverage.js';
import type { Checked } from '../runner/check.js';
import { renderAll, runningText } from './check-table.js';
import { formatBytes, formatSeconds, printable, warningText } from './format.js';
import { toJsonLine } from './json.js';
import { renderPrediction } from './plan-table.js';
import { statusLine, type Terminal } from './status-line.js';

/** Draws a conversion's events: a moving line on a terminal, plain lines in a pipe, JSON lines for programs. */
export interface Reporter {
  event(event: ConvertEvent): void;
}

export function jsonReporter({ out }: Terminal): Reporter {
  return {
    event: (event) => {
      out.write(`${toJsonLine(event)}\n`);
    },
  };
}

const PHASES = {
  open: 'Reading the headers',
  collect: 'Running the model over the calibration text',
  sensitivity: 'Measuring how much each tensor matters',
  plan: 'Planning',
  measure: 'Measuring what each type loses',
  fill: 'Converting',
  flush: 'Flushing to disk',
  check: 'Running the result beside the source',
} as const;

export interface TextReporter extends Reporter {
  /** A line of the result, in place of the moving one. */
  print(text: string): void;
}

export function textReporter({ out, err }: Terminal): TextReporter {
  const status = statusLine(err);
  const line = (stream: NodeJS.WritableStream, text: string) => {
    status.clear();
    stream.write(`${text}\n`);
  };
  let started = 0;
  let models: readonly Checked[] = [];
  return {
    print: (text) => line(out, text),
    event(event) {
      switch (event.event) {
        case 'phase':
          started = performance.now();
          models = [];
          status.phase(PHASES[event.phase]);
          break;
        case 'plan':
          for (const file of event.plan.files) {
            line(err, `${file.name}: ${formatBytes(file.size)}, ${file.tensors.length} tensors`);
            if (file.prediction) {
              line(err, renderPrediction(file.prediction));
            }
          }
          break;
        case 'progress':
          status.progress(event.done, event.total, () =>
            progressText(event, models, (performance.now() - started) / 1000),
          );
          break;
        case 'warning':
          line(err, warningText(event));
          break;
        case 'coverage':
          for (const sentence of describeCoverage(event.coverage)) {
            line(err, printable(sentence));
          }
          break;
        case 'file':
          line(out, resultLine(event));
          for (const worst of worstTensors(event)) {
            line(err, worst);
          }
          break;
        case 'kept':
          line(err, `${printable(event.path)}  ${formatBytes(event.size)}`);
          break;
        case 'measured':
          models = event.models;
          break;
        case 'done':
          status.clear();
          if (event.result.check) {
            line(out, `\n${renderAll(event.result.check, event.result.files)}`);
          }
      }
    },
  };
}

function resultLine({ path, size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare }: WrittenFile): string {
  const bits = `${bitsPerWeight.toFixed(2)} bits per weight`;
  const asked =
    fallbackShare > 0 ? ` (${askedBitsPerWeight.toFixed(2)} asked, ${percent(fallbackShare)} fell back)` : '';
  return `${path}  ${formatBytes(size)}${type ? `  ${type}  ${bits}${asked}` : ''}`;
}

/** Tensors that are named when what was lost is measured. */
const WORST = 5;

function worstTensors({ tensors }: WrittenFile): string[] {
  const sorted = [...(tensors ?? [])].sort((a, b) => b.relativeRmse - a.relativeRmse).slice(0, WORST);
  return sorted.map(
    ({ name, type, rmse, relativeRmse, maxError }) =>
      `  ${printable(name)} (${type}): RMSE ${rmse.toPrecision(3)}, ${percent(relativeRmse)} of its values', at most ${maxError.toPrecision(3)}`,
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** How far it is, with what is measured so far, if anything is. */
function progressText(event: ProgressEvent, models: readonly Checked[], seconds: number): string {
  const { unit, done, total } = event;
  if (unit === 'bytes') {
    return bytesText(event, seconds);
  }
  return models.length > 0 ? runningText({ done, total, models }, seconds) : countText(unit, event, seconds);
}

const UNITS = { chunks: 'chunk', trials: 'trial' } as const;

function countText(unit: keyof typeof UNITS, { done, total }: ProgressEvent, seconds: number): string {
  const left = (seconds / done) * (total - done);
  return `${UNITS[unit]} ${done} of ${total}  ${done === total ? formatSeconds(seconds) : `${formatSeconds(left)} left`}`;
}

/** Rates are of source bytes, the unit in which the work is counted. */
function bytesText({ done, total }: ProgressEvent, seconds: number): string {
  const rate = done / Math.max(seconds, 1e-3);
  const percent = Math.floor((done / Math.max(total, 1)) * 100);
  return `${percent} %  ${formatBytes(done)} of ${formatBytes(total)}  ${formatBytes(rate)}/s  ${
    done === total ? formatSeconds(seconds) : `${formatSeconds((total - done) / rate)} left`
  }`;
}
