import { isObject, type JsonObject } from '../../json.js';
import type { SmallFiles } from '../../repo/small-files.js';
import type { Checkpoint } from '../checkpoint.js';
import { bitsandbytes } from './bitsandbytes.js';
import { fp8 } from './fp8.js';
import type { Declared, DecodeOptions, Method } from './method.js';
import { mlx } from './mlx.js';
import { PlainTensors, QuantizedTensorError } from './plain-tensors.js';

/** In the order in which they are asked. */
const METHODS: readonly Method[] = [fp8, bitsandbytes, mlx];

/**
 * The plain tensors of a checkpoint that is quantized: expressions that decode its values, under the names that families
 * know.
 * @param hparams config.json's.
 * @throws QuantizedTensorError, UnsupportedMethodError
 */
export async function decodeCheckpoint(
  checkpoint: Checkpoint,
  hparams: JsonObject,
  files: SmallFiles,
  options: DecodeOptions,
): Promise<Checkpoint> {
  const declared = await declaredIn(hparams, files);
  const tensors = new PlainTensors(files.repo, checkpoint.tensors, files.signal);
  let isOurs = false;
  for (const method of METHODS) {
    if (method.is(declared, tensors)) {
      await decodeWith(method, tensors, declared, options);
      isOurs ||= method.isOurs === true;
    }
  }
  const plain = tensors.all();
  return { ...checkpoint, tensors: plain, ...(isOurs && { guessedFrom: plain }) };
}

/** Builders of expressions throw RangeErrors where shapes do not fit each other. @throws QuantizedTensorError */
async function decodeWith(method: Method, ...of: Parameters<Method['decode']>): Promise<void> {
  try {
    await method.decode(...of);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new QuantizedTensorError(`The tensors of ${method.name} contradict each other: ${cause.message}.`, {
        cause,
      });
    }
    throw cause;
  }
}

async function declaredIn(hparams: JsonObject, _files: SmallFiles): Promise<Declared> {
  const config = isObject(hparams.quantization_config) ? hparams.quantization_config : {};
  const { quant_method: method } = config;
  return { method: typeof method === 'string' ? method.toLowerCase() : null, config, hparams };
}
