import { type ArchitectureKeys, GraphKeyError } from './keys.js';
import type { Rope } from './operators/rope.js';
import { keyLength } from './sizes.js';

const f32 = Math.fround;

/**
 * The rotary embedding that the keys describe, with llama.cpp's defaults (load_hparams in src/llama-model.cpp). As in
 * transformers, YaRN's keys count for every architecture; llama.cpp reads some of them only for some architectures.
 * @param pairs follows `llama_model_rope_type`: NORM is `adjacent`, NEOX is `halves`.
 * @throws GraphKeyError
 */
export function ropeOf(keys: ArchitectureKeys, pairs: Rope['pairs']): Rope {
  const type = scalingType(keys);
  const scale = type === 'none' ? 1 : frequencyScale(keys);
  const extFactor = type === 'yarn' ? 1 : 0;
  const attnFactor = f32((extFactor ? yarnAttention(keys, scale) : 1) * keys.number('rope.scaling.attn_factor', 1));
  const yarn = {
    extFactor,
    attnFactor,
    betaFast: keys.number('rope.scaling.yarn_beta_fast', 32),
    betaSlow: keys.number('rope.scaling.yarn_beta_slow', 1),
    originalContext: originalContext(keys),
  };
  return {
    pairs,
    dimensions: keys.count('rope.dimension_count', keyLength(keys)),
    base: keys.number('rope.freq_base', 10000),
    scale,
    ...((extFactor !== 0 || attnFactor !== 1) && { yarn }),
  };
}

/** The number of positions for which the model was trained before its context was extended. */
export function originalContext(keys: ArchitectureKeys): number {
  return keys.count('rope.scaling.original_context_length', keys.count('context_length'));
}

const SCALING_TYPES = ['none', 'linear', 'yarn', 'longrope'];

function scalingType(keys: ArchitectureKeys): string {
  const type = keys.text('rope.scaling.type', 'linear');
  if (!SCALING_TYPES.includes(type)) {
    throw new GraphKeyError(
      `The key ${keys.architecture}.rope.scaling.type is ${JSON.stringify(type.slice(0, 60))}.`,
      `llama.cpp knows ${SCALING_TYPES.join(', ')}.`,
    );
  }
  return type;
}

/** 1 / factor of linear scaling. `rope.scale_linear` is the older name of the key. */
function frequencyScale(keys: ArchitectureKeys): number {
  const factor = keys.number('rope.scaling.factor', keys.number('rope.scale_linear', 0));
  return factor === 0 ? 1 : f32(1 / factor);
}

/**
 * The attn_factor that ggml gets (constructor of llama_context). ggml multiplies it by 1 + 0.1 ln(factor), so it is
 * divided by that first. Where llama.cpp computes a factor, the file's factor is used if it has one.
 */
function yarnAttention(keys: ArchitectureKeys, scale: number): number {
  const factor = f32(1 / scale);
  const magnitude = (multiplier: number) => (factor <= 1 ? 1 : f32(0.1 * multiplier * Math.log(factor) + 1));
  const logMultiplier = keys.number('rope.scaling.yarn_log_multiplier', 0);
  const computed = logMultiplier === 0 ? magnitude(1) : f32(magnitude(1) / magnitude(logMultiplier));
  const wanted = keys.number('rope.scaling.yarn_attn_factor', computed);
  return f32(wanted / (1 + 0.1 * Math.log(factor)));
}
