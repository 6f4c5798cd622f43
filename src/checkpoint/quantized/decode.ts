import { isObject, type JsonObject } from '../../json.js';
import type { SmallFiles } from '../../repo/small-files.js';
import type { Checkpoint } from '../checkpoint.js';
import { autoRound } from './auto-round.js';
import { awq } from './awq.js';
import { bitnet } from './bitnet.js';
import { bitsandbytes } from './bitsandbytes.js';
import { compressedTensors } from './compressed-tensors.js';
import { deepseek4 } from './deepseek4.js';
import { fbgemmFp8 } from './fbgemm.js';
import { fp8 } from './fp8.js';
import { gptq } from './gptq.js';
import { hqq } from './hqq.js';
import type { Declared, DecodeOptions, Method } from './method.js';
import { microscaled } from './microscaled.js';
import { mlx } from './mlx.js';
import { modeloptFp8 } from './modelopt.js';
import { mxfp4Experts, mxfp4Stacked } from './mxfp4.js';
import { nvfp4 } from './nvfp4.js';
import { PlainTensors, QuantizedTensorError } from './plain-tensors.js';

/** In the order in which they are asked. */
const METHODS: readonly Method[] = [
  ...[mxfp4Experts, mxfp4Stacked, nvfp4, microscaled, deepseek4],
  ...[fp8, fbgemmFp8, modeloptFp8, compressedTensors, gptq, awq, autoRound, hqq, bitnet, bitsandbytes, mlx],
];

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
  const declared = { ...(await declaredIn(hparams, files)), family: options.family };
  const tensors = new PlainTensors(files.repo, checkpoint.tensors, files.signal);
  let isOurs = false;
  for (const method of METHODS) {
    if (method.is(declared, tensors)) {
      await decodeWith(method, tensors, declared, options);
      isOurs ||= method.isOurs === true;
    }
  }
  const plain = tensors.all();
  const { blocks, fileType, hasBlocks } = tensors;
  return {
    ...checkpoint,
    tensors: plain,
    ...(fileType && { blocks, fileType }),
    ...(hasBlocks && { hasBlocks }),
    ...(isOurs && { guessedFrom: plain }),
  };
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

/** ref-quirk: `prepare_tensors` in conversion/base.py asks modelopt's own file where config.json does not say all. */
async function declaredIn(hparams: JsonObject, files: SmallFiles): Promise<Omit<Declared, 'family'>> {
  const config = isObject(hparams.quantization_config) ? hparams.quantization_config : await gptqConfig(hparams, files);
  const own = config.quant_algo && config.quantized_layers ? null : await files.json('hf_quant_config.json');
  const added = isObject(own?.quantization) ? own.quantization : {};
  const producer = isObject(own?.producer) ? own.producer.name : undefined;
  const all = { quant_method: producer, ...config, ...added };
  const { quant_method: method } = all;
  return { method: typeof method === 'string' ? method.toLowerCase() : null, config: all, hparams };
}

/** What AutoGPTQ writes beside a config.json that says nothing of it; empty where there is no such file. */
async function gptqConfig(hparams: JsonObject, files: SmallFiles): Promise<JsonObject> {
  const config = isObject(hparams.quantization) ? null : await files.json('quantize_config.json');
  return config && 'bits' in config ? { ...config, quant_method: config.quant_method ?? 'gptq' } : {};
}
