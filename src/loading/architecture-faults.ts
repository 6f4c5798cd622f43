import { PER_BLOCK_KEYS } from '../gguf/known-keys.js';
import { type ArchitectureKeys, GraphKeyError } from '../graphs/keys.js';
import type { Fault } from './fault.js';
import type { Names } from './names.js';

const EPSILON = 'attention.layer_norm_rms_epsilon';
/** Keys that every architecture with a graph needs: whole numbers from 1 on. */
const NEEDED = ['embedding_length', 'block_count', 'feed_forward_length', 'attention.head_count'];
/** Keys of the same kind that have a default. */
const DEFAULTED = ['attention.head_count_kv', 'attention.key_length', 'attention.value_length', 'rope.dimension_count'];
/** LLAMA_MAX_EXPERTS in src/llama-hparams.h of llama.cpp. */
const MAX_EXPERTS = 1024;

/**
 * The faults of a decoder's `<architecture>.*` keys. llama.cpp finds them in llama_model_base::load_hparams
 * (src/llama-model.cpp) and in the assertions of the graphs (src/models).
 */
export function architectureFaults(keys: ArchitectureKeys, names: Names): Fault[] {
  const name = (key: string) => names.key(`${keys.architecture}.${key}`);
  const fault = (what: string): Fault => ({ certain: true, what, next: names.next });
  const missing = ['context_length', EPSILON, ...NEEDED].filter((key) => !keys.has(key));
  if (!keys.kv.has('tokenizer.ggml.model')) {
    return [fault(`There is no ${names.key('tokenizer.ggml.model')}, which llama.cpp needs.`)];
  }
  if (missing.length > 0) {
    return missing.map((key) => fault(`There is no ${name(key)}, which llama.cpp needs.`));
  }
  try {
    return [...countFaults(keys, name), ...headFaults(keys, name), ...expertFaults(keys, name)].map(fault);
  } catch (error) {
    if (error instanceof GraphKeyError) {
      return [fault(error.what)];
    }
    throw error;
  }
}

type Name = (key: string) => string;

function countFaults(keys: ArchitectureKeys, name: Name): string[] {
  const blocks = keys.count('block_count');
  const wrong = PER_BLOCK_KEYS.flatMap((key) => {
    const length = keys.listLength(key);
    return length === 0 || length === blocks
      ? []
      : [`${name(key)} has ${length} entries, one a block, but ${name('block_count')} is ${blocks}.`];
  });
  const counts = [...NEEDED, ...DEFAULTED].filter((key) => keys.has(key));
  const none = counts.filter((key) => keys.countOrNone(key) === 0);
  return [...wrong, ...none.map((key) => `${name(key)} is 0, where a whole number from 1 on belongs.`)];
}

/**
 * The faults of the attention heads. All heads must have the same length and rotate whole, and every key head must
 * serve the same number of query heads.
 */
function headFaults(keys: ArchitectureKeys, name: Name): string[] {
  const heads = keys.count('attention.head_count');
  const kvHeads = keys.count('attention.head_count_kv', heads);
  const equal = Math.floor(keys.count('embedding_length') / heads);
  const key = keys.count('attention.key_length', equal);
  const other = ['attention.value_length', 'rope.dimension_count'].filter(
    (length) => keys.count(length, length === 'rope.dimension_count' ? key : equal) !== key,
  );
  return [
    ...other.map((length) => `${name(length)} is ${keys.count(length, equal)}, but a head's keys are ${key} long.`),
    ...(heads % kvHeads === 0
      ? []
      : [
          `${name('attention.head_count')} is ${heads}, which ${name('attention.head_count_kv')}, ${kvHeads}, does not divide.`,
        ]),
  ];
}

function expertFaults(keys: ArchitectureKeys, name: Name): string[] {
  const [count, used, groups] = ['expert_count', 'expert_used_count', 'expert_group_count'].map((key) =>
    keys.countOrNone(key),
  ) as [number, number, number];
  const isRight = count === 0 ? used === 0 && groups === 0 : used > 0 && used <= count && groups < count;
  return isRight && count <= MAX_EXPERTS
    ? []
    : [
        `${name('expert_used_count')} is ${used} and ${name('expert_group_count')} ${groups}, of ${count} experts (${name('expert_count')}).`,
      ];
}
