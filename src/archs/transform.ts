import type { Known } from '../config/config.js';
import { COUNTS, type CountName } from '../config/derivations.js';
import { rawValue, typedValue } from '../config/values.js';
import { SourceError } from '../errors.js';
import { ConfigFieldError, integer } from '../language/fields.js';
import type { Value } from '../language/value.js';
import type { TensorExpr } from '../tensor/expr.js';
import { TRANSFORMS } from '../tensor/transforms.js';
import type { Transform } from './architecture.js';

/** A tensor that is not of the shape that config.json gives it. */
export class TransformError extends SourceError {}

/**
 * Puts tensors through a rule's transforms.
 * @param place the tensor's name in the checkpoint, for messages, and its block.
 * @throws TransformError, ConfigFieldError
 */
export function transformed(
  tensors: readonly TensorExpr[],
  via: readonly Transform[],
  { known, name }: { readonly known: Known; readonly name: string },
): readonly TensorExpr[] {
  let current = tensors;
  for (const [transform, ...parameters] of via) {
    const numbers = parameters.flatMap((parameter) => numbersOf(parameter, known));
    try {
      current = TRANSFORMS[transform](current, numbers);
    } catch (cause) {
      if (cause instanceof RangeError) {
        const step = [transform, ...numbers.slice(0, MAX_SHOWN)].join(' ');
        throw new TransformError(
          `${name} is not of the shape that config.json gives it (${step}): ${cause.message}.`,
          'Check that config.json and the checkpoint belong together.',
          { cause },
        );
      }
      throw cause;
    }
  }
  return current;
}

/** The most numbers of a transform that a message names. */
const MAX_SHOWN = 8;

function numbersOf(parameter: number | string | Value, known: Known): number | readonly number[] {
  const { config, probes, block = 0 } = known;
  if (typeof parameter === 'number') {
    return parameter;
  }
  if (typeof parameter === 'object') {
    const whole = 'probe' in parameter ? typedValue(parameter, 'f32[]', known) : rawValue(parameter, known);
    const value = Array.isArray(whole) ? whole[block] : whole;
    if (typeof value !== 'number') {
      throw new ConfigFieldError(
        `config.json lacks a field that the shape of a tensor follows from (${JSON.stringify(parameter)}).`,
      );
    }
    return value;
  }
  const probed = probes?.get(parameter);
  if (typeof probed === 'object') {
    return probed.map(Number);
  }
  return Object.hasOwn(COUNTS, parameter) ? COUNTS[parameter as CountName](config) : integer(config, parameter);
}
