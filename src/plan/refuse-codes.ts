import type { Architecture } from '../archs/architecture.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Config } from '../config/config.js';
import { UnsupportedError } from '../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { DTYPE_BYTES, type ElementType, isFloat, isScaled } from '../tensor/dtype.js';
import type { NamedExpr } from '../tensor/expr.js';
import { dtypeOf, sourcesOf } from '../tensor/rows.js';
import { globs } from '../text/globs.js';

export class QuantizedSourceError extends UnsupportedError {}

const UNQUANTIZED = 'Convert the unquantized model that it was made from; its model card may name it as base_model.';

/**
 * Refuses weights that are still codes when all methods have decoded theirs: they mean nothing to the architectures' tables.
 * A `quantization_config` that was left over plain weights changes nothing where the reference knows its method
 * (conversion/base.py, dequant_model).
 * @throws QuantizedSourceError
 */
export function refuseCodes({ drop }: Architecture, { hparams }: Config, { tensors, blocks }: Checkpoint): void {
  const quantization = isObject(hparams.quantization_config) ? hparams.quantization_config : {};
  const method = quantization.quant_method ?? null;
  // What mlx_lm writes beside quantization_config, or in its place.
  const isMlx = isObject(hparams.quantization) && 'bits' in hparams.quantization;
  const name = typeof method === 'string' ? method : isMlx ? 'MLX' : 'quantization_config';
  const isDeclared = isMlx || Object.keys(quantization).length > 0;
  const isBuffer = globs(drop);
  const code = tensors.find((tensor) => isCode(tensor, isDeclared, isBuffer));
  if (code) {
    const declared = isDeclared ? `The checkpoint is quantized already (${name}): tensor` : 'Tensor';
    const file = sourcesOf(code.expr)[0]?.file;
    throw new QuantizedSourceError(
      `${declared} ${code.name} of ${file} is of dtype ${dtypeOf(code.expr)}, which this version does not read.`,
      UNQUANTIZED,
    );
  }
  if (method !== null && !isHarmless(quantization) && !blocks && !tensors.some(({ kept }) => kept)) {
    const dtypes = [...new Set(tensors.map(({ expr }) => dtypeOf(expr)))].sort().join(', ');
    throw new QuantizedSourceError(
      `config.json has a quantization_config (${name}), but no tensor is quantized: all are ${dtypes}.`,
      'If it was left over when the weights were dequantized, remove quantization_config from config.json.',
    );
  }
}

/**
 * Whether a tensor holds codes rather than values. Integers count as codes only where config.json declares a
 * quantization. Without a declaration some are buffers of other parts of the model, which are known by their names.
 */
function isCode({ name, expr, forced }: NamedExpr, isDeclared: boolean, isBuffer: (name: string) => boolean): boolean {
  const dtype = dtypeOf(expr);
  return isScaled(dtype) || (isDeclared && isWhole(dtype) && forced !== 'I32' && !isBuffer(name));
}

/** Whether a type is one of whole numbers. Blocks of ggml's types are values. */
function isWhole(type: ElementType): boolean {
  return type in DTYPE_BYTES && !isFloat(type);
}

/** Methods that the reference decodes by the names of their tensors. It finds none of them among plain weights. */
const BY_NAME: readonly unknown[] = ['bitnet', 'fp8', 'gptq', 'modelopt'];
/** The formats of compressed-tensors for which the same is true. */
const FORMATS: readonly unknown[] = ['float-quantized', 'int-quantized', 'naive-quantized', 'pack-quantized'];

function isHarmless({ quant_method: method, format, quant_algo: algorithm }: JsonObject): boolean {
  if (typeof algorithm === 'string' && algorithm.endsWith('NVFP4')) {
    return false;
  }
  return BY_NAME.includes(method) || (method === 'compressed-tensors' && FORMATS.includes(format));
}
