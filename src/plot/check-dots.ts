import type { Checked, Estimate } from '../runner/check-result.js';
import { fileColor } from './palette.js';
import { fileLabels } from './text.js';

/** What the plot shows of a model: of `Checked`, no more than this. */
export interface PlottedModel extends Pick<Checked, 'source' | 'type' | 'size'> {
  readonly divergence: { readonly kld: Estimate } | null;
}

/** A dot of the plot: a file. */
export interface Dot {
  readonly label: string;
  readonly color: string;
  /** The size in the plot's unit. */
  readonly size: number;
  /** Mean KL divergence from the base, in nats. */
  readonly kld: Estimate;
  /** Whether no other file is better: as small and closer to the base, or smaller and as close. */
  readonly best: boolean;
}

/** A unit of sizes, and its number of bytes. */
export interface Unit {
  readonly name: string;
  readonly bytes: number;
}

const UNITS: readonly Unit[] = ['B', 'KiB', 'MiB', 'GiB', 'TiB'].map((name, i) => ({ name, bytes: 1024 ** i }));

/** The largest unit of which the largest file has at least one. */
export function unitFor(models: readonly PlottedModel[]): Unit {
  const largest = Math.max(...models.map(({ size }) => size));
  return UNITS.findLast(({ bytes }) => largest >= bytes) ?? { name: 'B', bytes: 1 };
}

/** The dots of the models that were compared with the base, the smallest first. */
export function dotsOf(models: readonly PlottedModel[], unit: Unit): Dot[] {
  const compared = models.flatMap(({ divergence, ...model }) =>
    divergence ? [{ ...model, kld: divergence.kld }] : [],
  );
  const labels = fileLabels(compared.map(({ source, type }) => ({ name: source, type })));
  return compared
    .map(({ type, size, kld: { value, error } }, i) => ({
      // A logarithmic axis cannot show 0, so the label tells it.
      label: `${labels[i]}${value > 0 ? '' : ': 0'}`,
      color: fileColor(type),
      size: size / unit.bytes,
      kld: { value, error },
      best: !compared.some(
        (other) => other.size <= size && other.kld.value <= value && (other.size < size || other.kld.value < value),
      ),
    }))
    .sort((a, b) => a.size - b.size);
}
