import type { TensorStats, WrittenFile } from '../layout/written-file.js';
import { TYPE_COLORS } from './palette.js';
import { fileLabels } from './text.js';

/** The loss of a tensor, with the panel in which it is drawn. */
export interface DrawnLoss {
  /** The row of the panel: the index of the file. */
  readonly file: number;
  /** The column of the panel: the tensor's name without layer and `.weight`, such as `attn_v`. */
  readonly kind: string;
  /** The layer's number; null for a tensor outside the layers, such as token_embd. */
  readonly layer: number | null;
  readonly type: TensorStats['type'];
  readonly color: string;
  readonly name: string;
  /** The RMSE, divided by the root mean square of the values, in percent. */
  readonly percent: number;
}

/** The losses of files, sorted into panels. */
export interface Panels {
  /** The labels of the rows. */
  readonly files: readonly string[];
  readonly kinds: readonly string[];
  readonly losses: readonly DrawnLoss[];
  /** The number of the last layer. */
  readonly lastLayer: number;
  /** Only every `step`th layer is drawn. */
  readonly step: number;
  /** The number of files for which there is no row. */
  readonly left: number;
}

const MOST_FILES = 12;
const MOST_KINDS = 12;
/** The most tensors of a picture. More would be slow to show. */
const MOST_TENSORS = 6000;
const REST = 'others';

/** Sorts the losses into panels. Files without measured tensors are left out. */
export function panelsOf(written: readonly WrittenFile[]): Panels {
  const measured = written.flatMap(({ path, type, tensors }) => (tensors ? [{ name: path, type, tensors }] : []));
  const shown = measured.slice(0, MOST_FILES);
  const all = shown.flatMap(({ tensors }, file) =>
    tensors.filter(({ relativeRmse }) => relativeRmse > 0).map((tensor) => lossOf(tensor, file)),
  );
  const kinds = kindsOf(all);
  const step = Math.ceil(all.length / MOST_TENSORS) || 1;
  return {
    files: fileLabels(shown),
    kinds,
    losses: all
      .filter(({ layer }) => (layer ?? 0) % step === 0)
      .map((loss) => (kinds.includes(loss.kind) ? loss : { ...loss, kind: REST })),
    lastLayer: Math.max(0, ...all.map(({ layer }) => layer ?? 0)),
    step,
    left: measured.length - shown.length,
  };
}

function lossOf({ name, type, relativeRmse }: TensorStats, file: number): DrawnLoss {
  const [, layer, rest = name] = /^blk\.(\d+)\.(.+)$/s.exec(name) ?? [];
  return {
    file,
    kind: rest.replace(/\.weight$/, ''),
    layer: layer === undefined ? null : Number(layer),
    ...{ type, color: TYPE_COLORS[type], name, percent: 100 * relativeRmse },
  };
}

/**
 * The kinds of tensors, those in layers first. If there are too many, the most frequent ones and one column for all
 * others.
 */
function kindsOf(losses: readonly DrawnLoss[]): string[] {
  const counts = new Map<string, { count: number; outside: boolean }>();
  for (const { kind, layer } of losses) {
    counts.set(kind, { count: (counts.get(kind)?.count ?? 0) + 1, outside: layer === null });
  }
  const names = [...counts].sort(([a, x], [b, y]) => Number(x.outside) - Number(y.outside) || (a < b ? -1 : 1));
  if (names.length <= MOST_KINDS) {
    return names.map(([name]) => name);
  }
  const kept = new Set([...names].sort(([, x], [, y]) => y.count - x.count).slice(0, MOST_KINDS - 1));
  return [...names.filter((name) => kept.has(name)).map(([name]) => name), REST];
}
