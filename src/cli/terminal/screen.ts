import { printableLines } from '../../printable.js';
import { withoutSecrets } from '../../secrets.js';
import { toJsonLine } from '../json.js';
import { type Progress, plainLine, progressLine, type Stage, stageText } from './progress.js';
import { type Paint, painter, plain, withCodes } from './style.js';
import { cutEnd, wrap } from './text.js';

export interface Terminal {
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/** How much is shown; every command has these options. */
export interface Loudness {
  /** Results and errors only. */
  readonly quiet?: boolean;
  /** Stages with their times; all tensors of a plan. */
  readonly verbose?: boolean;
  /** False: no moving line, and no lines about progress in a pipe. */
  readonly progress?: boolean;
}

/** Milliseconds between two drawings of the moving line, and after which its times are brought up to date. */
const REDRAW = 100;
const TICK = 1000;
/** In a pipe, one line per tenth of the work. */
const PIPE_STEPS = 10;
const INDENT = '  ';
/** Columns that stay free: for the ^C of a terminal, and the last one, after which some terminals go on below. */
const FREE = 3;

/**
 * What a person or a program sees: nothing else writes to the standard streams. Results go to standard output; warnings
 * and notes to standard error. On a terminal a moving line stands below them, and is removed before anything else is
 * written. Whatever text comes, secrets are taken out of it, and characters that could drive a terminal become escapes.
 */
export class Screen {
  loudness: Loudness = {};
  readonly #terminal: Terminal;
  readonly paintOut: Paint;
  readonly paintErr: Paint;
  #stage: Stage | null = null;
  #began = 0;
  /** Draws the moving line as it is now. */
  #line: ((width: number) => string) | null = null;
  #drawn = 0;
  #isDrawn = false;
  #tenths = 0;
  #timer: NodeJS.Timeout | undefined;
  #said = '';

  constructor(terminal: Terminal, env: NodeJS.ProcessEnv) {
    this.#terminal = terminal;
    this.paintOut = painter(terminal.out, env);
    this.paintErr = painter(terminal.err, env);
  }

  /** Columns for results; Infinity where they go into a pipe or a file, in which nothing is wrapped. */
  get width(): number {
    return widthOf(this.#terminal.out);
  }

  /** Whether somebody looks at what is written. */
  get isTerminal(): boolean {
    return this.#terminal.out.isTTY === true && this.#terminal.err.isTTY === true;
  }

  /** Seconds since the stage began. */
  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** A result. */
  print(text: string): void {
    this.write(`${text}\n`);
  }

  /** A part of a result, with its lines and tabs. */
  write(text: string): void {
    this.clear();
    this.#terminal.out.write(shown(text, this.paintOut));
  }

  /** A result for programs, as `toJsonLine` writes it. */
  json(value: unknown, maxArray?: number, indent?: number): void {
    this.clear();
    this.#terminal.out.write(`${toJsonLine(value, maxArray, indent)}\n`);
  }

  /** What stands on standard error however much is shown: help after a mistake, and traces for who asks. */
  trace(text: string): void {
    this.clear();
    this.#terminal.err.write(shown(text, this.paintErr));
  }

  /** A note beside the result; --quiet shows none. */
  say(text: string): void {
    if (!this.loudness.quiet) {
      this.#write(wrap(text, widthOf(this.#terminal.err), INDENT));
    }
  }

  /** The same for lines to be copied: a terminal that breaks a line gives it back whole. */
  sayAsIs(text: string): void {
    if (!this.loudness.quiet) {
      this.#write(text);
    }
  }

  warn(text: string): void {
    this.say(`Warning: ${text}`);
  }

  /** The one form of all errors. */
  error(text: string): void {
    this.end();
    const wrapped = wrap(`hf2gguf: ${text}`, widthOf(this.#terminal.err), INDENT);
    this.#write(wrapped.replace(/^hf2gguf:/, (prefix) => this.paintErr('error', prefix)));
  }

  /** A stage begins; how long the one before it took is said with --verbose. */
  begin(stage: Stage): void {
    this.#endStage();
    this.#stage = stage;
    this.#began = performance.now();
    this.#tenths = 0;
    this.#show((width) => cutEnd(`${stageText(stage)} …${elapsed(this.seconds)}`, width), true);
    if (!this.#moves) {
      this.#plain(stageText(stage));
    }
  }

  /** @param progress called only when it is shown. */
  progress(done: number, total: number, progress: () => Progress): void {
    const stage = this.#stage ?? { name: '' };
    const tenths = Math.floor((done / Math.max(total, 1)) * PIPE_STEPS);
    if (this.#moves) {
      this.#show((width) => progressLine(stage, progress(), width, this.paintErr), done === total);
    } else if (tenths > this.#tenths) {
      this.#tenths = tenths;
      this.#plain(plainLine(progress()));
    }
  }

  /** Counts a pause down, until something else is shown. */
  wait(seconds: number, text: (seconds: number) => string): void {
    const until = performance.now() + seconds * 1000;
    if (this.#moves) {
      this.#show((width) => cutEnd(text(Math.max(0, (until - performance.now()) / 1000)), width), true);
    } else {
      this.#plain(text(seconds));
    }
  }

  /** Removes the moving line; the next event draws it again. */
  clear(): void {
    if (this.#isDrawn) {
      this.#terminal.err.write('\r\x1b[2K');
      this.#isDrawn = false;
    }
  }

  /** The work is over. */
  end(): void {
    this.#endStage();
    this.#line = null;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
  }

  get #moves(): boolean {
    return this.#terminal.err.isTTY === true && this.#hasProgress;
  }

  get #hasProgress(): boolean {
    return !this.loudness.quiet && this.loudness.progress !== false;
  }

  #endStage(): void {
    if (this.loudness.verbose && this.#stage) {
      this.say(`${stageText(this.#stage)}: ${this.seconds.toFixed(1)} s`);
    }
    this.#stage = null;
  }

  #plain(text: string): void {
    // Many requests wait for the same reason at once.
    if (this.#hasProgress && text !== this.#said) {
      this.#said = text;
      this.#terminal.err.write(shown(`${text}\n`, this.paintErr));
    }
  }

  #write(text: string): void {
    this.trace(`${text.replace(/^Warning:/, (word) => this.paintErr('warning', word))}\n`);
  }

  #show(line: (width: number) => string, isDue = this.#drawn + REDRAW < performance.now()): void {
    if (!this.#moves) {
      return;
    }
    this.#line = line;
    this.#timer ??= setInterval(() => this.#draw(), TICK).unref();
    if (isDue || !this.#isDrawn) {
      this.#draw();
    }
  }

  #draw(): void {
    if (this.#line) {
      this.#drawn = performance.now();
      this.#isDrawn = true;
      const line = this.#line((this.#terminal.err.columns || 80) - FREE);
      this.#terminal.err.write(`\r\x1b[2K${shown(line, this.paintErr)}`);
    }
  }
}

/** A text as it may be written: the gate through which all texts go. */
function shown(text: string, paint: Paint): string {
  const safe = withoutSecrets(text);
  return paint === plain ? printableLines(safe) : withCodes(safe, printableLines);
}

/** The time of a stage, shown from one second on. */
function elapsed(seconds: number): string {
  return seconds < 1 ? '' : ` ${Math.floor(seconds)} s`;
}

/** A terminal that does not know its size says 0. */
function widthOf({ isTTY, columns }: Terminal['out']): number {
  return isTTY ? columns || 80 : Number.POSITIVE_INFINITY;
}

/** This process's own. */
export const screen = new Screen({ out: process.stdout, err: process.stderr }, process.env);
