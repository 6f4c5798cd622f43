import { isObject, type JsonObject } from '../../json.js';
import { MAX_TENSORS } from '../../limits.js';
import { isWholeBlocks, repack } from '../../tensor/blocks.js';
import { add, cast, mul, reshape, slice, sub, unpack } from '../../tensor/build.js';
import { rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { MXFP4_MOE, NVFP4_FILE } from './block-file-types.js';
import { modelDType, type PlainType } from './declared-dtypes.js';
import type { Declared, Method } from './method.js';
import { MICRO_FLOATS, type MicroFloat, microFloats, packedBytes } from './micro-floats.js';
import { partsIn, restoreParts } from './mlx-modules.js';
import { computedOnce } from './packed-codes.js';
import { type BlockTensor, type PlainTensors, QuantizedTensorError, UnsupportedMethodError } from './plain-tensors.js';
import { checkDType, checkShape, perElement } from './scales.js';

/**
 * Weights as mlx-lm saves them. config.json's `quantization` has group_size, bits and mode; entries by a module's path
 * override them. A module is quantized if it has `scales`.
 *
 * `weight` U32: each row is a stream of bits, from the low bit of the first word up. Affine: code * scale + bias, with
 * `scales` and `biases` for each group along the row, product and sum each rounded to their dtype. The other modes are
 * those of `MICRO_FLOATS`, and the result has the model's dtype.
 *
 * Facts: `dequantize` and `fp_quantize` in mlx/ops.cpp, `to_quantized` in mlx/nn/layers/quantized.py.
 */
export const mlx: Method = {
  name: 'MLX',
  isOurs: true,
  is: (declared) => settingsOf(declared) !== null,
  decode(tensors, declared, { keepBlocks }) {
    const settings = settingsOf(declared) ?? {};
    const dtype = modelDType(declared.hparams);
    const isPart = partsIn(declared.hparams.model_type);
    const namesOfExperts = declared.hparams.model_type === 'lfm2_moe' ? W123 : undefined;
    const blocks: BlockTensor[] = [];
    let isRestored = false;
    for (const weight of tensors.names().filter((name) => name.endsWith(WEIGHT))) {
      const module = weight.slice(0, -WEIGHT.length);
      const parts = partsOf(tensors, module);
      const form = parts.scales && formOf(settings, module);
      const kept = form && `MLX ${form.mode === 'affine' ? `${form.bits} bits` : form.mode.toUpperCase()}`;
      const format = form && form.mode !== 'affine' ? (form.mode.toUpperCase() as MicroFloat) : undefined;
      const put = (name: string, own: Parts) => {
        const plain = () => (form ? plainWeight(own, form, dtype, weight) : own.weight);
        const expr = format && blocksOf(format, own, weight);
        if (keepBlocks && expr && !isPart(name)) {
          blocks.push({ name, expr, plain, ...(kept && { kept }) });
          tensors.drop(name);
        } else {
          tensors.set(name, plain(), kept);
          tensors.hasBlocks ||= expr !== undefined && !isPart(name);
        }
      };
      const [, block, projection] = (isPart(weight) ? null : STACKED.exec(module)) ?? [];
      if (block !== undefined && projection !== undefined) {
        const names = namesOfExperts ?? (block.endsWith('block_sparse_moe') ? W123 : {});
        const name = names[projection] ?? projection;
        for (const [i, own] of experts(parts, weight).entries()) {
          put(`${block}.experts.${i}.${name}${WEIGHT}`, own);
        }
        tensors.drop(weight);
        isRestored = true;
      } else if (form) {
        put(weight, parts);
      } else if (CONVOLUTION.test(module)) {
        tensors.set(weight, channelsFirst(parts.weight));
      }
      tensors.drop(...(form ? [`${module}.scales`, `${module}.biases`] : []));
    }
    if (NEXT.includes(declared.family ?? '')) {
      restoreNorms(tensors);
    }
    if (restoreParts(tensors, declared.hparams.model_type) || isRestored) {
      tensors.sort();
    }
    if (blocks.length > 0) {
      const isMx = blocks.some(({ expr }) => dtypeOf(expr) === 'MXFP4');
      tensors.keepBlocks(blocks, isMx ? MXFP4_MOE : NVFP4_FILE);
    }
  },
};

const WEIGHT = '.weight';
/** The experts of a block, which mlx-lm stacks. */
const STACKED = /^(.*)\.switch_mlp\.(gate_proj|up_proj|down_proj)$/;
/** Names of experts' projections where they are not called as mlx-lm calls them: in Mixtral and its kin, in LFM2. */
const W123: Readonly<Record<string, string>> = { gate_proj: 'w1', up_proj: 'w3', down_proj: 'w2' };
/** Families of whose norms mlx-lm adds the 1 that the model adds to them. */
const NEXT: readonly string[] = ['qwen3next', 'qwen35', 'qwen35moe'];
const NORM = /(\.(input_layernorm|post_attention_layernorm|q_norm|k_norm)|(^|\.)model\.norm)\.weight$/;

/** Takes the 1 away again. Facts: `sanitize` in mlx_lm/models/qwen3_next.py. */
function restoreNorms(tensors: PlainTensors): void {
  for (const name of tensors.names().filter((each) => NORM.test(each))) {
    tensors.set(name, sub(cast(tensors.get(name), 'F32'), 1));
  }
}

/** Convolutions along the tokens. mlx keeps them as [channels, kernel, 1], torch as [channels, 1, kernel]. */
const CONVOLUTION = /\.(conv|conv1d|[qkv]_conv1d)$/;

function channelsFirst(weight: TensorExpr): TensorExpr {
  const [channels = 0, kernel = 0, inputs, ...rest] = shapeOf(weight);
  return inputs === 1 && rest.length === 0 ? reshape(weight, [channels, 1, kernel]) : weight;
}

/** `quantization`, or what stands in its place: a `quantization_config` that names no method. */
function settingsOf({ method, config, hparams }: Declared): JsonObject | null {
  const own = [hparams.quantization, method === null ? config : null];
  return own.filter(isObject).find((each) => 'bits' in each || 'group_size' in each) ?? null;
}

interface Form {
  readonly mode: 'affine' | Lowercase<MicroFloat>;
  readonly bits: number;
  readonly group: number;
}

/** What a mode has where a module's entry does not say it. */
const DEFAULTS = {
  affine: { bits: 4, group: 64 },
  mxfp4: MICRO_FLOATS.MXFP4,
  mxfp8: MICRO_FLOATS.MXFP8,
  nvfp4: MICRO_FLOATS.NVFP4,
} as const;

/** @throws UnsupportedMethodError, QuantizedTensorError */
function formOf(settings: JsonObject, module: string): Form {
  const own = Object.hasOwn(settings, module) ? settings[module] : undefined;
  const { mode = 'affine', bits, group_size: size } = isObject(own) ? own : settings;
  const known = (Object.keys(DEFAULTS) as Form['mode'][]).find((each) => each === mode);
  if (!known) {
    throw new UnsupportedMethodError(`${module} is quantized by mode ${JSON.stringify(mode)} of MLX.`);
  }
  const form = {
    mode: known,
    bits: Number(bits ?? DEFAULTS[known].bits),
    group: Number(size ?? DEFAULTS[known].group),
  };
  const { bits: fixed, group: fixedGroup } = DEFAULTS[known];
  const isKnown =
    known === 'affine'
      ? AFFINE_BITS.includes(form.bits) && Number.isSafeInteger(form.group) && form.group > 0
      : form.bits === fixed && form.group === fixedGroup;
  if (!isKnown) {
    throw new QuantizedTensorError(
      `config.json gives ${module} ${JSON.stringify(bits)} bits in groups of ${JSON.stringify(size)}, which mode ${known} of MLX does not have.`,
    );
  }
  return form;
}

const AFFINE_BITS: readonly number[] = [2, 3, 4, 5, 6, 8];

interface Parts {
  readonly weight: TensorExpr;
  readonly scales: TensorExpr | undefined;
  readonly biases: TensorExpr | undefined;
}

function partsOf(tensors: PlainTensors, module: string): Parts {
  return {
    weight: tensors.get(module + WEIGHT),
    scales: tensors.find(`${module}.scales`),
    biases: tensors.find(`${module}.biases`),
  };
}

/** Stacked tensors apart. @throws QuantizedTensorError where they do not have as many parts */
function experts({ weight, scales, biases }: Parts, name: string): readonly Parts[] {
  const [count = 0] = shapeOf(weight);
  if (count > MAX_TENSORS || [scales, biases].some((expr) => expr && shapeOf(expr)[0] !== count)) {
    throw new QuantizedTensorError(`Tensor ${name} has ${count} parts, and its scales are for others.`);
  }
  const part = (expr: TensorExpr, i: number) => reshape(slice(expr, 0, i, i + 1), shapeOf(expr).slice(1));
  return Array.from({ length: count }, (_, i) => ({
    weight: part(weight, i),
    scales: scales && part(scales, i),
    biases: biases && part(biases, i),
  }));
}

/** Undefined where ggml has no such blocks, or a row is not whole ones. @throws QuantizedTensorError */
function blocksOf(format: MicroFloat, { weight, scales }: Parts, name: string): TensorExpr | undefined {
  const packed = scales && packedBytes(format, { codes: weight, scales }, name);
  return packed && format !== 'MXFP8' && isWholeBlocks(format, rowLength(packed.shape))
    ? repack(format, packed.codes, packed.scales)
    : undefined;
}

/** @throws QuantizedTensorError where shapes contradict each other */
function plainWeight({ weight, scales, biases }: Parts, form: Form, dtype: PlainType, name: string): TensorExpr {
  checkDType(name, weight, 'U32');
  if (!scales || (form.mode === 'affine') !== (biases !== undefined)) {
    throw new QuantizedTensorError(
      `Tensor ${name} is quantized by mode ${form.mode} of MLX, which its biases contradict.`,
    );
  }
  if (form.mode !== 'affine') {
    const format = form.mode.toUpperCase() as MicroFloat;
    return cast(microFloats(format, { codes: weight, scales }, name), dtype);
  }
  const { bits, group } = form;
  checkDType(name, scales, 'F32', 'F16', 'BF16');
  const own = dtypeOf(scales) as PlainType;
  const words = shapeOf(weight);
  const shape = [...words.slice(0, -1), (rowLength(words) * 32) / bits];
  const groups = [...shape.slice(0, -1), rowLength(shape) / group];
  for (const each of [scales, biases ?? scales]) {
    checkDType(name, each, own);
    checkShape(`${name} (scales)`, each, groups);
  }
  // Float16 arithmetic rounds each result to float16. That in float32 is rounded to the dtype of the scales here.
  const compute = own === 'F16' ? 'F16' : 'F32';
  const each = (expr: TensorExpr) => perElement(computedOnce(cast(expr, compute)), shape, [group], name);
  const product = mul(cast(unpack(weight, shape.length - 1, bits), compute), each(scales));
  return cast(add(cast(product, own), each(biases ?? scales)), own);
}
