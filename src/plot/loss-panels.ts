import type { TensorStats, WrittenFile } from '../layout/written-file.js';
import { TYPE_COLORS } from './palette.js';
import { fileLabels } from './text.js';

/** A tensor that lost something, in the panel of its file and kind. */
export interface DrawnLoss {
  /** The row. */
  readonly file: number;
  /** The column: the name without layer and `.weight`, as `attn_v`. */
  readonly kind: string;
  /** Null outside the layers, as of token_embd. */
  readonly layer: number | null;
  readonly type: TensorStats['type'];
  readonly color: string;
  readonly name: string;
  /** RMSE over the root mean square of the values, in percent. */
  readonly percent: number;
}

export interface Panels {
  /** What the rows are called. */
  readonly files: readonly string[];
  readonly kinds: readonly string[];
  readonly losses: readonly DrawnLoss[];
  /** The last layer's number. */
  readonly lastLayer: number;
  /** Layers are drawn in steps of as many. */
  readonly step: number;
  /** Files that have no row. */
  readonly left: number;
}

const MOST_FILES = 12;
const MOST_KINDS = 12;
/** A picture with more would be slow to show. */
const MOST_TENSORS = 6000;
const REST = 'others';

/** Files without measured tensors are left out. */
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

/** Those of the layers first; where there are too many, the most frequent ones and a column for the rest. */
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
