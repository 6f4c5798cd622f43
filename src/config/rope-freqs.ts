import { MAX_HEAD_DIM } from '../limits.js';
import { pow } from '../numeric/torch-pow.js';
import type { Config } from './config.js';
import { headDim } from './derive.js';
import { ConfigFieldError, optionalArray, optionalNumber, optionalString } from './fields.js';
import { ropeFields } from './rope.js';

const f32 = Math.fround;

/**
 * Llama 3's rotary scaling: a factor for each pair of a head's dimensions, (headDim / 2). It is 1 for short
 * wavelengths, `factor` for long ones, and a blend between. Undefined for any other scaling. ref-quirk:
 * `generate_extra_tensors` in conversion/llama.py computes it in float32, so each step is rounded. torch divides a
 * number by a tensor as a reciprocal, then a product.
 * @throws ConfigFieldError
 */
export function ropeFreqs(config: Config): readonly number[] | undefined {
  const scaling = scalingOf(config);
  if (!scaling) {
    return undefined;
  }
  const { factor, low, high, context, theta } = scaling;
  const lowWavelength = f32(context / low);
  const highWavelength = f32(context / high);
  return frequencies(theta, dimensions(config)).map((frequency) => {
    const wavelength = f32(f32(1 / frequency) * f32(2 * Math.PI));
    if (wavelength < highWavelength) {
      return 1;
    }
    if (wavelength > lowWavelength) {
      return f32(factor);
    }
    const turns = f32(f32(1 / wavelength) * f32(context));
    const smooth = f32(f32(turns - f32(low)) / f32(high - low));
    return f32(1 / f32(f32(f32(1 - smooth) / f32(factor)) + smooth));
  });
}

/**
 * The factors of Step-3.5: for the dimensions that layers with full attention rotate, and 1 for the others. ref-quirk:
 * `generate_extra_tensors` in conversion/step3.py computes them in float64.
 * @throws ConfigFieldError
 */
export function stepRopeFreqs(config: Config): readonly number[] | undefined {
  const scaling = scalingOf(config);
  if (!scaling) {
    return undefined;
  }
  const { factor, low, high, context, theta } = scaling;
  const full = (optionalArray(config, 'layer_types') ?? []).indexOf('full_attention');
  const share = (optionalArray(config, 'partial_rotary_factors') ?? [])[full];
  const dim = dimensions(config);
  const factors = frequencies(theta, Math.floor(dim * (typeof share === 'number' ? share : 1))).map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength < context / high) {
      return 1;
    }
    const smooth = (context / wavelength - low) / (high - low);
    return f32(wavelength > context / low ? factor : 1 / ((1 - smooth) / factor + smooth));
  });
  return [...factors, ...Array.from({ length: Math.max(0, Math.floor(dim / 2) - factors.length) }, () => 1)];
}

function scalingOf(config: Config) {
  const rope = ropeFields(config);
  if (optionalString(rope, 'rope_type')?.toLowerCase() !== 'llama3') {
    return undefined;
  }
  const low = optionalNumber(rope, 'low_freq_factor') ?? 1;
  const high = optionalNumber(rope, 'high_freq_factor') ?? 4;
  if (low === 0 || high === 0) {
    throw new ConfigFieldError(`${rope.path} in config.json has a low_freq_factor or high_freq_factor of 0.`);
  }
  return {
    low,
    high,
    factor: optionalNumber(rope, 'factor') ?? 8,
    context: optionalNumber(rope, 'original_max_position_embeddings') ?? 8192,
    theta: optionalNumber(rope, 'rope_theta') ?? 10000,
  };
}

/** 1 / theta^(i / dim) for each even i. */
function frequencies(theta: number, dim: number): number[] {
  const exponents = Array.from({ length: Math.ceil(dim / 2) }, (_, pair) => f32((2 * pair) / dim));
  return pow(f32(theta), exponents).map((power) => f32(1 / power));
}

function dimensions(config: Config): number {
  const dim = headDim(config);
  if (dim > MAX_HEAD_DIM) {
    throw new ConfigFieldError(
      `config.json gives a head ${dim} dimensions, more than the ${MAX_HEAD_DIM} it may have.`,
    );
  }
  return dim;
}
