import { SourceError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';

/** The facts about a model that recipes look at. */
export interface ModelFacts {
  readonly arch: string;
  /** Layers that llama.cpp counts, those for multi-token prediction too. */
  readonly layers: number;
  readonly experts: number;
  /** Query heads that share a key head in the first layer, rounded down; 0 without attention there. */
  readonly gqa: number;
  /** Llama-2-70B's like: eight query heads share an attn_v, so that more bits there cost next to nothing. */
  readonly is70B: boolean;
}

/** A key-value that counts something holds no count. */
export class CountKeyError extends SourceError {}

/** Architectures whose files llama.cpp names 70B by their number of layers (src/models/*.cpp). */
const LAYERS_OF_70B: Readonly<Record<string, number>> = {
  llama: 80,
  'llama-embed': 80,
  deci: 80,
  olmo: 80,
  qwen2: 80,
  jais2: 68,
};

/**
 * Derives the facts from a file's key-values: those of the source, before layers are pruned, and with
 * `--override-kv` applied.
 * @throws {@link CountKeyError}
 */
export function modelFacts(kv: KeyValues): ModelFacts {
  const arch = String(kv.get('general.architecture')?.value ?? '');
  const count = (key: string, fallback?: number) => firstCount(kv, `${arch}.${key}`, fallback);
  const blocks = count('block_count');
  const experts = count('expert_count');
  const heads = count('attention.head_count');
  const headsKv = count('attention.head_count_kv', heads);
  const isLlama = arch === 'llama' || arch === 'llama-embed';
  return {
    arch,
    layers: layerCount(arch, blocks, count('num_loops', 1)),
    experts,
    gqa: headsKv === 0 ? 0 : Math.floor(heads / headsKv),
    is70B:
      LAYERS_OF_70B[arch] === blocks - count('nextn_predict_layers') &&
      !(isLlama && (heads === headsKv || experts === 8)),
  };
}

/** Nanbeige runs its blocks several times, and a granite switch's router is a layer of its own. */
function layerCount(arch: string, blocks: number, loops: number): number {
  if (arch === 'nanbeige') {
    return blocks * loops;
  }
  return arch === 'graniteswitch' ? blocks + 1 : blocks;
}

/** A count, or the first of a list (heads may be given per layer). */
function firstCount(kv: KeyValues, key: string, fallback = 0): number {
  const value = kv.get(key);
  const scalar = value?.type === 'array' ? value.value[0] : value?.value;
  const number = typeof scalar === 'bigint' ? Number(scalar) : (scalar ?? fallback);
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw new CountKeyError(`The key ${key} is ${JSON.stringify(number)}, where a count belongs.`, 'Correct the file.');
  }
  return number;
}
