import type { ConvertEvent } from '../calls/events.js';
import type { PhaseEvent, ProgressEvent, WaitEvent } from '../events.js';
import type { PlacedFile } from '../layout/plan.js';
import type { WrittenFile } from '../layout/written-file.js';
import { printable } from '../printable.js';
import { describeCoverage } from '../quantize/imatrix/coverage.js';
import type { Checked } from '../runner/check-result.js';
import { figures, renderAll } from './check-table.js';
import { formatBytes, formatSeconds, warningText } from './format.js';
import { REPLACES, renderPrediction } from './plan-table.js';
import type { Progress } from './terminal/progress.js';
import { type Screen, screen } from './terminal/screen.js';
import { wrap } from './terminal/text.js';

/** Draws events: a moving line on a terminal, plain lines in a pipe, JSON lines for programs. */
export interface Reporter {
  event(event: ConvertEvent): void;
}

export function jsonReporter(): Reporter {
  return {
    event: (event) => screen.json(event),
  };
}

/** What a stage is called while it goes on. */
const STAGES = {
  open: 'Reading the headers',
  collect: 'Running the calibration text',
  sensitivity: 'Measuring what tensors matter',
  plan: 'Planning',
  measure: 'Measuring what types lose',
  fill: 'Converting',
  flush: 'Flushing to disk',
  check: 'Checking',
  upload: 'Uploading',
} as const satisfies Record<PhaseEvent['phase'], string>;

export function textReporter(on: Screen = screen): Reporter {
  let models: readonly Checked[] = [];
  return {
    event(event) {
      switch (event.event) {
        case 'phase':
          models = [];
          on.begin({ ...event, name: STAGES[event.phase] });
          break;
        case 'progress':
          on.progress(event.done, event.total, () => progressOf(event, models, on.seconds));
          break;
        case 'wait':
          on.wait(event.seconds, (seconds) => waitText(event, seconds));
          break;
        case 'warning':
          on.warn(warningText(event));
          break;
        case 'plan':
          for (const file of event.plan.files) {
            on.say(planLine(file));
            if (file.prediction) {
              on.say(renderPrediction(file.prediction));
            }
          }
          break;
        case 'continue':
          on.say(`Goes on where a killed run was: ${percent(event.share)} is done.`);
          break;
        case 'coverage':
          for (const sentence of describeCoverage(event.coverage)) {
            on.say(printable(sentence));
          }
          break;
        case 'file':
          on.print(wrap(resultLine(event), on.width, '  '));
          for (const worst of worstTensors(event)) {
            on.say(worst);
          }
          break;
        case 'kept':
          on.say(`${printable(event.path)}  ${formatBytes(event.size)}`);
          break;
        case 'measured':
          models = event.models;
          break;
        case 'done':
          on.end();
          if (event.result.check) {
            on.print(`\n${renderAll(event.result.check, on.width, on.paintOut, event.result.files)}`);
          }
      }
    },
  };
}

function waitText({ reason, attempt, attempts }: WaitEvent, seconds: number): string {
  return `Waiting ${formatSeconds(seconds)}, then try ${attempt} of ${attempts}: ${printable(reason)}`;
}

function planLine({ path, size, tensors, replaces }: PlacedFile): string {
  return `${printable(path)}: ${formatBytes(size)}, ${tensors.length} tensors${replaces ? REPLACES : ''}`;
}

function resultLine(file: WrittenFile): string {
  const { path, size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare, replaced } = file;
  const bits = `${bitsPerWeight.toFixed(2)} bits per weight`;
  const asked =
    fallbackShare > 0 ? ` (${askedBitsPerWeight.toFixed(2)} asked, ${percent(fallbackShare)} fell back)` : '';
  return `${printable(path)}  ${formatBytes(size)}${type ? `  ${type}  ${bits}${asked}` : ''}${replaced ? '  replaced' : ''}`;
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

const COUNTED = { chunks: 'chunk', trials: 'trial' } as const;

/** How far a stage is, with what is measured so far, if anything is. Rates are of bytes of the source. */
export function progressOf(event: ProgressEvent, models: readonly Checked[], seconds: number): Progress {
  const { unit, done, total } = event;
  const share = done / Math.max(total, 1);
  const left = (seconds * (total - done)) / Math.max(done, 1);
  const time = done === total ? formatSeconds(seconds) : `${formatSeconds(left)} left`;
  if (unit !== 'bytes') {
    return { share, done: `${COUNTED[unit]} ${done} of ${total}`, time, notes: figures(models) };
  }
  const rate = `${formatBytes(done / Math.max(seconds, 1e-3))}/s`;
  const details = [rate, `${formatBytes(done)} of ${formatBytes(total)}`];
  return { share, done: `${Math.floor(share * 100)} %`, time, details };
}
