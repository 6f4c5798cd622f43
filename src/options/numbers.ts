import { UsageError } from '../errors.js';

/** An option's number that makes no sense. */
export class NumberError extends UsageError {}

interface Range {
  /** The option's name on the command line. */
  readonly option: string;
  readonly least: number;
  readonly most: number;
  /** Fractions are allowed too. @default false */
  readonly fraction?: true;
  /** What is counted. */
  readonly unit?: string;
}

const MANY = Number.MAX_SAFE_INTEGER;

/** The parameters that are numbers, each with its option and its range. */
const NUMBERS = {
  jobs: { option: '--jobs', least: 1, most: MANY, unit: 'threads' },
  maxMemory: { option: '--max-memory', least: 1, most: MANY, unit: 'bytes' },
  targetBpw: { option: '--target-bpw', least: 0.1, most: 32, fraction: true, unit: 'bits a weight' },
  splitMaxTensors: { option: '--split-max-tensors', least: 1, most: MANY, unit: 'tensors' },
  // Fewer tokens leave nothing to score, or no error bar.
  ctx: { option: '--ctx', least: 8, most: 2 ** 20, unit: 'tokens' },
  chunks: { option: '--chunks', least: 1, most: MANY, unit: 'chunks' },
  maxKld: { option: '--max-kld', least: 0, most: 100, fraction: true, unit: 'nats' },
  maxPplRatio: { option: '--max-ppl-ratio', least: 0, most: 1e6, fraction: true },
  maxTokens: { option: '-n', least: 1, most: MANY, unit: 'tokens' },
  temperature: { option: '--temp', least: 0, most: 100, fraction: true },
  topK: { option: '--top-k', least: 0, most: MANY, unit: 'tokens' },
  topP: { option: '--top-p', least: 0, most: 1, fraction: true },
  repeatPenalty: { option: '--repeat-penalty', least: 0, most: 100, fraction: true },
  seed: { option: '--seed', least: 0, most: 2 ** 32 - 1 },
} as const satisfies Record<string, Range>;

export type NumberOption = keyof typeof NUMBERS;

const NAMES = Object.keys(NUMBERS) as NumberOption[];

/**
 * Checks those of a call's parameters that are numbers.
 * @throws NumberError
 */
export function checkNumbers(
  params: { readonly [name in NumberOption]?: number | readonly number[] | undefined },
): void {
  for (const name of NAMES) {
    for (const value of [params[name] ?? []].flat()) {
      checkNumber(value, NUMBERS[name]);
    }
  }
}

function checkNumber(value: number, { option, least, most, fraction, unit }: Range): void {
  const isKind = fraction ? Number.isFinite(value) : Number.isSafeInteger(value);
  if (!(isKind && value >= least && value <= most)) {
    const range = most === MANY ? `from ${least} on` : `from ${least} to ${most}`;
    throw new NumberError(
      `${option} is ${value}, which is no ${fraction ? '' : 'whole '}number ${range}${unit ? ` (${unit})` : ''}.`,
      'Leave it out for the default.',
    );
  }
}
