import type { KeyValues } from '../gguf/key-values.js';
import type { ModelFacts } from './recipe.js';

/** Architectures whose files llama.cpp names 70B by their number of layers (src/models/*.cpp). */
const LAYERS_OF_70B: Readonly<Record<string, number>> = { llama: 80, deci: 80, olmo: 80, qwen2: 80, jais2: 68 };

/** The facts that recipes ask for, from a file's key-values. */
export function modelFacts(kv: KeyValues): ModelFacts {
  const arch = String(kv.get('general.architecture')?.value ?? '');
  const layers = firstNumber(kv, `${arch}.block_count`);
  const heads = firstNumber(kv, `${arch}.attention.head_count`);
  const headsKv = firstNumber(kv, `${arch}.attention.head_count_kv`, heads);
  return {
    arch,
    layers,
    experts: firstNumber(kv, `${arch}.expert_count`),
    is70B: LAYERS_OF_70B[arch] === layers && (arch !== 'llama' || heads !== headsKv),
  };
}

/** A number, or the first of a list (heads may be given per layer). */
function firstNumber(kv: KeyValues, key: string, fallback = 0): number {
  const value = kv.get(key);
  const scalar = value?.type === 'array' ? value.value[0] : value?.value;
  return scalar === undefined ? fallback : Number(scalar);
}
