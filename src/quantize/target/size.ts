import { UsageError } from '../../errors.js';
import { checkNumbers } from '../../options/numbers.js';

/** How large a file may be. */
export interface TargetSize {
  /** For its name: `95M`, `4.5bpw`. */
  readonly label: string;
  /** Of the whole file, header and padding included, for a model of so many weights. */
  bytes(weights: number): number;
}

export interface TargetOptions {
  /** Bytes of the file at most: a number, or one with `K`, `M` or `G` (1,000, 1,000,000, 1,000,000,000). Several: a file each. */
  readonly targetSize?: string | readonly string[];
  /** Bits of the file for each of its weights at most. Several: a file each. */
  readonly targetBpw?: number | readonly number[];
}

export class TargetSizeError extends UsageError {}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9 };

/** What the options ask for, each size once. @throws TargetSizeError, NumberError */
export function parseTargets({ targetSize, targetBpw }: TargetOptions): TargetSize[] {
  if (targetSize !== undefined && targetBpw !== undefined) {
    throw new TargetSizeError('--target-size and --target-bpw are both given.', 'Choose one of them.');
  }
  const targets = [...list(targetSize).map(targetOfSize), ...list(targetBpw).map(targetOfBpw)];
  return [...new Map(targets.map((target) => [target.label, target])).values()];
}

function list<Item extends string | number>(given: Item | readonly Item[] | undefined): readonly Item[] {
  return given === undefined ? [] : typeof given === 'object' ? given : [given];
}

function targetOfSize(text: string): TargetSize {
  const size = parseSize(text);
  return { label: text.trim().toUpperCase(), bytes: () => size };
}

function targetOfBpw(bits: number): TargetSize {
  checkNumbers({ targetBpw: bits });
  return { label: `${bits}bpw`, bytes: (weights) => Math.floor((weights * bits) / 8) };
}

function parseSize(text: string): number {
  const { count, unit = '' } = /^(?<count>\d{1,15}(\.\d{1,9})?)(?<unit>[KMG]?)B?$/i.exec(text.trim())?.groups ?? {};
  const size = Math.floor(Number(count) * (UNITS[unit.toUpperCase()] ?? 1));
  if (!Number.isSafeInteger(size) || size === 0) {
    throw new TargetSizeError(`--target-size ${text} is no size.`, 'Give bytes, or a number with K, M or G: 95M.');
  }
  return size;
}
