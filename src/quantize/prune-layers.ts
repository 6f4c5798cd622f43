import { UnsupportedError, UsageError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import { PER_BLOCK_KEYS } from '../gguf/known-keys.js';

/** `--prune-layers 3,5`: leaves layers out. Facts: remap_layer in src/llama-quant.cpp of llama.cpp v0.5.0. */

export class LayersError extends UsageError {}
export class PruningError extends UnsupportedError {}

export interface Pruning {
  /** The new name of each tensor that stays, by its old one, which is its name in an importance matrix; in the order given. */
  readonly kept: ReadonlyMap<string, string>;
  readonly dropped: readonly string[];
  /** Those that were to go. */
  readonly layers: readonly number[];
  /** What the output claims. */
  readonly blockCount: number;
  /** Layers that were to go and that the model doesn't have. */
  readonly absent: readonly number[];
}

/**
 * @returns ascending, each once.
 * @throws LayersError
 */
export function parseLayers(text: string): number[] {
  const layers = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  const wrong = layers.findIndex((layer) => !Number.isSafeInteger(layer));
  if (wrong >= 0) {
    throw new LayersError(
      `--prune-layers ${text}: ${JSON.stringify(text.split(',')[wrong])} is no layer.`,
      'Give numbers from 0, with commas between them.',
    );
  }
  return [...new Set(layers)].sort((a, b) => a - b);
}

const LAYER = /blk\.(\d+)\./;

/**
 * Numbers the layers that stay anew. Those before the first that goes keep their numbers; each later one gets the next
 * number when its first tensor comes, so that the order of the names counts.
 * @param names in the order of a quantized file (`compareForQuantized`).
 * @param layers at least one.
 * @throws PruningError where the names' order would mix up the layers; the reference aborts or mixes them up.
 */
export function pruneLayers(names: readonly string[], layers: readonly number[]): Pruning {
  const first = Math.min(...layers);
  const numbers = new Map<number, number | null>();
  let next = 0;
  const numberOf = (layer: number): number | null => {
    const known = numbers.get(layer);
    if (known !== undefined) {
      return known;
    }
    const number = layers.includes(layer) ? null : layer < first ? layer : next;
    next = number === null ? next : number + 1;
    numbers.set(layer, number);
    return number;
  };
  const kept = new Map<string, string>();
  const dropped: string[] = [];
  for (const name of names) {
    const layer = LAYER.exec(name)?.[1];
    const number = layer === undefined ? undefined : numberOf(Number(layer));
    if (number === null) {
      dropped.push(name);
    } else {
      kept.set(name, number === undefined ? name : name.replace(LAYER, `blk.${number}.`));
    }
  }
  checkOrder(numbers);
  return { kept, dropped, layers, blockCount: next, absent: layers.filter((layer) => !numbers.has(layer)) };
}

/** Where names don't begin with the layer, as in encoders and decoders, layer 10 comes before layer 2. */
function checkOrder(numbers: ReadonlyMap<number, number | null>): void {
  let last = -1;
  for (const [layer, number] of [...numbers].sort(([a], [b]) => a - b)) {
    if (number !== null && number <= last) {
      throw new PruningError(
        `--prune-layers would put layer ${layer} before another that it follows.`,
        'Of a model with an encoder or decoder of more than ten layers none can be pruned.',
      );
    }
    last = number ?? last;
  }
}

/**
 * The output's key-values: the block count goes to the end, after all overrides. Lists with an entry a block lose those of
 * the layers that go; llama-quantize leaves them as they are, and llama.cpp does not load them then.
 * @param kv stays as it is.
 * @param architecture as the loader sees it (`overriddenForLoading`).
 */
export function withBlockCount(
  kv: KeyValues,
  architecture: string,
  { blockCount, layers }: Pick<Pruning, 'blockCount' | 'layers'>,
): KeyValues {
  const key = `${architecture}.block_count`;
  const result = kv.clone().delete(key).u32(key, blockCount);
  for (const name of PER_BLOCK_KEYS) {
    const list = kv.get(`${architecture}.${name}`);
    if (list?.type === 'array' && list.value.length === blockCount + layers.length) {
      result.array(
        `${architecture}.${name}`,
        list.of,
        Array.from(list.value).filter((_, layer) => !layers.includes(layer)),
      );
    }
  }
  return result;
}

/** @throws LayersError where a layer is not there, or none would be left. */
export function checkPruning({ blockCount, absent, layers }: Pruning): void {
  const asked = `--prune-layers ${layers.join(',')}`;
  const [first] = absent;
  if (first !== undefined) {
    const count = blockCount + layers.length - absent.length;
    throw new LayersError(
      `${asked}: there is no layer ${first}.`,
      count === 0 ? 'The file has none; leave the option out.' : `The model has the layers 0 to ${count - 1}.`,
    );
  }
  if (blockCount === 0) {
    throw new LayersError(`${asked} would leave no layer.`, 'Leave at least one.');
  }
}
