import { isObject, type JsonObject } from '../../json.js';
import type { SmallFiles } from '../../repo/small-files.js';
import type { Checkpoint } from '../checkpoint.js';
import { bitsandbytes } from './bitsandbytes.js';
import { fp8 } from './fp8.js';
import type { Declared, DecodeOptions, Method } from './method.js';
import { PlainTensors } from './plain-tensors.js';

/** In the order in which they are asked. */
const METHODS: readonly Method[] = [fp8, bitsandbytes];

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
  for (const method of METHODS) {
    if (method.is(declared, tensors)) {
      await method.decode(tensors, declared, options);
    }
  }
  return { ...checkpoint, tensors: tensors.all() };
}

async function declaredIn(hparams: JsonObject, _files: SmallFiles): Promise<Declared> {
  const config = isObject(hparams.quantization_config) ? hparams.quantization_config : {};
  const { quant_method: method } = config;
  return { method: typeof method === 'string' ? method.toLowerCase() : null, config, hparams };
}
