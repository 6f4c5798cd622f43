export interface Terminal {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/** Milliseconds between two drawings of the moving line; in a pipe, one line per tenth of the work. */
const REDRAW = 100;
const PIPE_STEPS = 10;

/** What is being done now: a moving line on a terminal, some plain lines in a pipe. */
export interface StatusLine {
  phase(name: string): void;
  /** @param text called only when it is shown. */
  progress(done: number, total: number, text: () => string): void;
  /** Makes room for a line that stays. */
  clear(): void;
}

export function statusLine(err: Terminal['err']): StatusLine {
  const isTTY = err.isTTY === true;
  let drawn = 0;
  let step = 0;
  const draw = (text: string) => {
    if (isTTY) {
      err.write(`\r\x1b[2K${text.slice(0, (err.columns ?? 80) - 1)}`);
    }
  };
  return {
    phase(name) {
      step = 0;
      if (isTTY) {
        draw(`${name} …`);
      } else {
        err.write(`${name}\n`);
      }
    },
    progress(done, total, text) {
      const now = performance.now();
      const reached = Math.floor((done / total) * PIPE_STEPS);
      if (isTTY && (now - drawn > REDRAW || done === total)) {
        drawn = now;
        draw(text());
      } else if (!isTTY && reached > step) {
        step = reached;
        err.write(`${text()}\n`);
      }
    },
    clear: () => draw(''),
  };
}
