import { isObject } from '../json.js';
import { times } from '../language/blocks.js';
import { array, type FieldSource, integer, number, numbers, refuse, show, string } from '../language/fields.js';
import { MAX_HEAD_DIM } from '../limits.js';
import { pow } from '../numeric/torch-pow.js';
import type { Config } from './config.js';
import { equalShare, globalHeadDim, headDim, ropeFields, ropeRoot } from './derive.js';

/** Factors for each pair of a head's rotated dimensions. All functions throw ConfigFieldError. */

const f32 = Math.fround;

/** Llama 3's rotary scaling; undefined for any other. ref-quirk: conversion/llama.py computes it in torch's float32. */
export function ropeFreqs(config: Config): readonly number[] | undefined {
  const scaling = scalingOf(config);
  return scaling && frequencies(scaling.theta, capped(headDim(config))).map((each) => scaled(each, scaling, TORCH));
}

/**
 * The factors of Step-3.5: for the dimensions that layers with full attention rotate, and 1 for the others. ref-quirk:
 * `generate_extra_tensors` in conversion/step3.py computes them in float64.
 */
export function stepRopeFreqs(config: Config): readonly number[] | undefined {
  const scaling = scalingOf(config);
  if (!scaling) {
    return undefined;
  }
  const full = (array.optional(config, 'layer_types') ?? []).indexOf('full_attention');
  const share = (array.optional(config, 'partial_rotary_factors') ?? [])[full];
  const dim = capped(headDim(config));
  const rotated = frequencies(scaling.theta, Math.floor(dim * (typeof share === 'number' ? share : 1)));
  const rest = Math.max(0, Math.floor(dim / 2) - rotated.length);
  return [...rotated.map((each) => scaled(each, scaling, PYTHON)), ...times(rest, () => 1)];
}

interface Arithmetic {
  round(value: number): number;
  /** A number divided by a tensor. */
  over(number: number, tensor: number): number;
}
/** Each step is rounded to float32, and a number is divided by a tensor as a reciprocal, then a product. */
const TORCH: Arithmetic = { round: f32, over: (number, tensor) => f32(f32(1 / tensor) * f32(number)) };
const PYTHON: Arithmetic = { round: (value) => value, over: (number, tensor) => number / tensor };

/** 1 for short wavelengths, `factor` for long ones, and a blend between. */
function scaled(frequency: number, { factor, low, high, context }: Scaling, { round, over }: Arithmetic): number {
  const wavelength = over(2 * Math.PI, frequency);
  if (wavelength < round(context / high)) {
    return 1;
  }
  if (wavelength > round(context / low)) {
    return f32(factor);
  }
  const smooth = round(round(over(context, wavelength) - round(low)) / round(high - low));
  return f32(1 / round(round(round(1 - smooth) / round(factor)) + smooth));
}

type Scaling = NonNullable<ReturnType<typeof scalingOf>>;

function scalingOf(config: Config) {
  const rope = ropeFields(config);
  if (string.optional(rope, 'rope_type')?.toLowerCase() !== 'llama3') {
    return undefined;
  }
  const low = number.optional(rope, 'low_freq_factor') ?? 1;
  const high = number.optional(rope, 'high_freq_factor') ?? 4;
  if (low === 0 || high === 0) {
    refuse(`${rope.path} in config.json has a low_freq_factor or high_freq_factor of 0.`);
  }
  const factor = number.optional(rope, 'factor') ?? 8;
  const context = number.optional(rope, 'original_max_position_embeddings') ?? 8192;
  return { low, high, factor, context, theta: number.optional(rope, 'rope_theta') ?? 10000 };
}

/** 1 / theta^(i / dim) for each even i. */
function frequencies(theta: number, dim: number): number[] {
  const exponents = times(Math.ceil(dim / 2), (pair) => f32((2 * pair) / dim));
  return pow(f32(theta), exponents).map((power) => f32(1 / power));
}

function capped(dim: number): number {
  return dim <= MAX_HEAD_DIM
    ? dim
    : refuse(`config.json gives a head ${dim} dimensions, more than the ${MAX_HEAD_DIM} it may have.`);
}

/**
 * LongRoPE as Phi-3 has it, and what it scales attention by; undefined without `long_factor`. ref-quirk:
 * `generate_extra_tensors` of `Phi3MiniModel` in conversion/phi.py.
 */
export function longRope(config: Config) {
  const share = number.optional(ropeRoot(config), 'partial_rotary_factor') ?? 1;
  const factors = longFactors(config, () => {
    const size = Math.trunc(share * integer(config, 'hidden_size', 'n_embd'));
    return equalShare(size, integer(config, 'num_attention_heads', 'n_head'));
  });
  return factors && { ...factors, attention: attentionFactor(config) };
}

/** Factors for long texts and for short ones. @param rotated how many dimensions of a head are rotated. */
export function longFactors(config: Config, rotated: () => number) {
  const rope = ropeRoot(config);
  const given = rope.hparams.long_factor ?? [];
  if (Array.isArray(given) && given.length === 0) {
    return undefined;
  }
  const [long, short] = [numbers(rope, 'long_factor'), numbers(rope, 'short_factor')];
  const pairs = rotated() / 2;
  if (long.length !== pairs || short.length !== pairs) {
    const own = `${long.length} long and ${short.length} short factors`;
    refuse(`${rope.path} in config.json has ${own}, and a head has ${pairs} pairs of rotated dimensions.`);
  }
  return { long, short };
}

function attentionFactor(config: Config): number {
  const rope = ropeRoot(config);
  const original = number(rope, 'original_max_position_embeddings');
  const scale = number(config, 'n_positions', 'max_position_embeddings') / original;
  const type = string.optional(rope, 'rope_type')?.toLowerCase();
  if (type === 'su' || type === 'longrope') {
    return scale > 1 ? Math.sqrt(1 + Math.log(scale) / Math.log(original)) : 1;
  }
  return type === 'yarn'
    ? scale > 1
      ? 0.1 * Math.log(scale) + 1
      : 1
    : refuse(`${rope.path} in config.json has a long_factor, and its type is ${show(type ?? null)}, not longrope.`);
}

/** 1 for pairs that are rotated, and for the others of a head a number so large that it stops the rotation. */
const partial = (size: number, rotated: number): readonly number[] =>
  times(Math.trunc(size / 2), (i) => (i < rotated ? 1 : 1e30));

/** The factors of a head with full attention that is rotated in part, as Gemma 4 has them. */
export function proportionalRope(config: Config): readonly number[] {
  const full = config.rope.full_attention;
  if (!isObject(full) || full.rope_type !== 'proportional' || typeof full.partial_rotary_factor !== 'number') {
    return refuse('config.json has no proportional rope_parameters.full_attention.');
  }
  const size = capped(globalHeadDim(config));
  return partial(size, Math.trunc((size * full.partial_rotary_factor) / 2));
}

/** What Gemma 4 has where config.json has no rope_parameters. */
const GEMMA_ROPE = { rope_type: 'proportional', partial_rotary_factor: 0.25, rope_theta: 1000000 };

/** The rotary fields of a draft of Gemma 4. */
export const gemmaDraftFields = (config: Config): FieldSource =>
  Object.keys(config.hparams.rope_parameters ?? {}).length === 0 ? { hparams: GEMMA_ROPE } : ropeFields(config);

/**
 * The factors of a draft of Gemma 4; undefined where all dimensions are rotated. ref-quirk:
 * `Gemma4DSparkModel.generate_extra_tensors` in conversion/gemma.py.
 */
export function gemmaDraftRope(config: Config): readonly number[] | undefined {
  const rope = gemmaDraftFields(config);
  const type = string.optional(rope, 'rope_type');
  if (type === 'default') {
    return undefined;
  }
  const size = integer(config, 'global_head_dim');
  const share = number.optional(rope, 'partial_rotary_factor') ?? GEMMA_ROPE.partial_rotary_factor;
  const rotated = Math.trunc((size * share) / 2);
  const fits = share > 0 && share <= 1 && size * share === 2 * rotated && size <= MAX_HEAD_DIM;
  if (type !== 'proportional' || !fits) {
    const kind = `rope_type ${show(type ?? null)}`;
    refuse(`config.json rotates ${share} of ${size} dimensions (${kind}), which is no way of Gemma 4.`);
  }
  return partial(size, rotated);
}
