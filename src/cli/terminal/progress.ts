import type { Paint } from './style.js';
import { cutEnd, textWidth } from './text.js';

/** The name of a stage, and its number among all. */
export interface Stage {
  readonly name: string;
  readonly step?: number;
  readonly steps?: number;
}

/** How far a stage is. */
export interface Progress {
  /** 0 to 1. */
  readonly share: number;
  /** `53 %`, or `chunk 7 of 25`. */
  readonly done: string;
  /** `1 s left`, or how long it took. */
  readonly time: string;
  /** Further parts for a wide line, the most important first: a rate, an amount. */
  readonly details?: readonly string[];
  /** The same note in ever shorter forms, of which the longest that fits is shown. */
  readonly notes?: readonly string[];
}

const LEAST_BAR = 6;
const LONGEST_BAR = 30;
const GAP = 2;

/** `[3/4] Converting`. */
export function stageText({ name, step, steps }: Stage): string {
  return step === undefined ? name : `[${step}/${steps}] ${name}`;
}

/** A moving line of at most `width` columns: whole parts are left out, no number is cut. */
export function progressLine(stage: Stage, progress: Progress, width: number, paint: Paint): string {
  const { share, done, time, details = [], notes = [] } = progress;
  let room = width - [done, time].reduce((sum, part) => sum + GAP + textWidth(part), 0);
  const name = cutEnd(stageText(stage), Math.max(1, room));
  room -= textWidth(name);
  const fits = (text: string) => GAP + textWidth(text) <= room;
  const note = notes.find(fits);
  room -= note === undefined ? 0 : GAP + textWidth(note);
  const hasBar = room >= GAP + LEAST_BAR;
  room -= hasBar ? GAP + LEAST_BAR : 0;
  const shown = details.filter((detail) => {
    const isShown = fits(detail);
    room -= isShown ? GAP + textWidth(detail) : 0;
    return isShown;
  });
  const bar = hasBar ? [drawBar(share, Math.min(LONGEST_BAR, LEAST_BAR + room), paint)] : [];
  const line = [name, ...bar, done, ...shown, time, ...(note === undefined ? [] : [note])].join(' '.repeat(GAP));
  // A terminal of some ten columns has no room for whole parts.
  return hasBar ? line : cutEnd(line, width);
}

function drawBar(share: number, width: number, paint: Paint): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return paint('bar', '█'.repeat(full)) + paint('note', '░'.repeat(width - full));
}

/** The same for a pipe, where nothing moves. */
export function plainLine({ done, time, details = [], notes = [] }: Progress): string {
  return [done, ...details, time, ...notes.slice(0, 1)].join(' '.repeat(GAP));
}
