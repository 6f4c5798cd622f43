import type { CheckEvent, CheckResult } from '../runner/check.js';
import { runningText } from './check-table.js';
import { printable } from './format.js';
import { statusLine, type Terminal } from './status-line.js';

const PHASES = { open: 'Opening the models', check: 'Running them over the text' } as const;

/** Draws a check's events on a terminal. @param render the result's form. */
export function checkReporter({ out, err }: Terminal, render: (result: CheckResult) => string) {
  const status = statusLine(err);
  let started = 0;
  return (event: CheckEvent): void => {
    switch (event.event) {
      case 'phase':
        started = performance.now();
        status.phase(PHASES[event.phase]);
        break;
      case 'progress':
        status.progress(event.done, event.total, () => runningText(event, (performance.now() - started) / 1000));
        break;
      case 'warning':
        status.clear();
        err.write(`Warning: ${printable(event.message)}\n`);
        break;
      case 'done':
        status.clear();
        out.write(`${render(event.result)}\n`);
    }
  };
}
