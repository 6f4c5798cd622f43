import type { Config } from '../config/config.js';
import { COUNTS, type CountName } from '../config/derivations.js';
import { integer } from '../config/fields.js';
import { SourceError } from '../errors.js';
import type { TensorExpr } from '../tensor/expr.js';
import { TRANSFORMS } from '../tensor/transforms.js';
import type { Transform } from './architecture.js';

/** A tensor that is not of the shape that config.json gives it. */
export class TransformError extends SourceError {}

/**
 * Puts tensors through a rule's transforms.
 * @param name the tensor's in the checkpoint, for messages.
 * @throws TransformError, ConfigFieldError
 */
export function transformed(
  tensors: readonly TensorExpr[],
  via: readonly Transform[],
  { config, name }: { readonly config: Config; readonly name: string },
): readonly TensorExpr[] {
  let current = tensors;
  for (const [transform, ...parameters] of via) {
    const numbers = parameters.map((parameter) => numberOf(parameter, config));
    try {
      current = TRANSFORMS[transform](current, numbers);
    } catch (cause) {
      if (cause instanceof RangeError) {
        throw new TransformError(
          `${name} is not of the shape that config.json gives it (${[transform, ...parameters].join(' ')}): ${cause.message}.`,
          'Check that config.json and the checkpoint belong together.',
          { cause },
        );
      }
      throw cause;
    }
  }
  return current;
}

function numberOf(parameter: number | string, config: Config): number {
  if (typeof parameter === 'number') {
    return parameter;
  }
  return Object.hasOwn(COUNTS, parameter) ? COUNTS[parameter as CountName](config) : integer(config, parameter);
}
