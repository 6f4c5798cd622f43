import { forEachConcurrently } from '../../async/concurrency.js';
import { isObject, type Json, type JsonObject } from '../../json.js';
import { isWholeBlocks, repack } from '../../tensor/blocks.js';
import { cast, div, fill, mul, reshape } from '../../tensor/build.js';
import { elementCount, rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { NVFP4_FILE } from './block-file-types.js';
import { modelDType } from './declared-dtypes.js';
import type { Declared, Method } from './method.js';
import { microFloats, packedBytes } from './micro-floats.js';
import { type BlockTensor, type PlainTensors, QuantizedTensorError } from './plain-tensors.js';
import { broadcast, checkDType } from './scales.js';

/**
 * NVFP4 as modelopt and compressed-tensors save it. The reference writes it as ggml's blocks before all other tensors, and
 * beside each the scale of the whole tensor and that of its inputs, unless they are 1.
 *
 * modelopt: `weight` U8 [out, in / 2], `weight_scale` E4M3 [out, in / 16], `weight_scale_2` and `input_scale` F32.
 * compressed-tensors: `weight_packed`, `weight_scale`, and the reciprocals `weight_global_scale` and `input_global_scale`.
 * Where a row is not whole blocks, the values are offered: code * (weight_scale * weight_scale_2).
 *
 * Facts: `prepare_tensors` and `_generate_nvfp4_tensors` in conversion/base.py; `dequantize` in
 * modelopt/torch/quantization/qtensor/nvfp4_tensor.py and in compressed_tensors/quantization/lifecycle/forward.py.
 */
export const nvfp4: Method = {
  name: 'NVFP4',
  is: (declared) => isNvfp4(declared) || isPartlyPacked(declared),
  async decode(tensors, declared, { keepBlocks }) {
    const isKept = keepBlocks || isNvfp4(declared);
    const modules = tensors.names().flatMap((name) => moduleOf(tensors, name) ?? []);
    const [whole, input] = [await scalesOf(tensors, modules, 'whole'), await scalesOf(tensors, modules, 'input')];
    const dtype = modelDType(declared.hparams);
    const blocks = modules.flatMap((module): BlockTensor[] => {
      const { plain, codes, scales } = module;
      const packed = { codes: tensors.get(codes), scales: tensors.get(scales) };
      const bytes = packedBytes('NVFP4', packed, codes);
      const total = tensors.find(module.whole.name);
      const plainValues = () =>
        cast(
          microFloats('NVFP4', packed, codes, (scale) =>
            total ? module.whole.times(scale, broadcast(cast(total, 'F32'), shapeOf(scale), codes)) : scale,
          ),
          dtype,
        );
      const isWhole = isWholeBlocks('NVFP4', rowLength(bytes.shape));
      if (!isWhole || !isKept) {
        tensors.set(plain, plainValues(), 'NVFP4');
        tensors.hasBlocks ||= isWhole;
        return [];
      }
      const [scale, inputScale] = [whole.get(module), input.get(module)];
      const beside = { ...(scale && { scale }), ...(inputScale && { input_scale: inputScale }) };
      const expr = repack('NVFP4', bytes.codes, bytes.scales);
      return [{ name: plain, expr, plain: plainValues, beside, kept: 'NVFP4' }];
    });
    if (blocks.length > 0) {
      tensors.keepBlocks(blocks, NVFP4_FILE);
    }
    const kept = new Set(blocks.map(({ name }) => name));
    for (const { plain, codes, scales, whole, input } of modules) {
      tensors.drop(...(codes !== plain || kept.has(plain) ? [codes] : []), scales, whole.name, input.name);
    }
    tensors.drop(...tensors.names().filter((name) => /\.[kv]_scale$/.test(name)));
  },
};

/** Whether the reference keeps the blocks. ref-quirk: `prepare_tensors` in conversion/base.py. */
function isNvfp4({ method, config }: Declared): boolean {
  const { quant_algo: algorithm, quantized_layers: layers, config_groups: groups, format } = config;
  const isOf = (own: JsonObject) => typeof own.quant_algo === 'string' && own.quant_algo.endsWith('NVFP4');
  const all = objectsOf(groups);
  const isMixed = format === 'mixed-precision' && all.length > 0 && all.every(isPacked);
  return (
    ['NVFP4', 'W4A16_NVFP4'].some((name) => name === algorithm) ||
    (method === 'compressed-tensors' && (isPacked(config) || isMixed)) ||
    objectsOf(layers).some(isOf)
  );
}

/** Whether some of the weights are of NVFP4, and others in another format of compressed-tensors, which the reference refuses. */
function isPartlyPacked({ method, config }: Declared): boolean {
  return method === 'compressed-tensors' && objectsOf(config.config_groups).some(isPacked);
}

function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return isObject(value) ? Object.values(value).filter(isObject) : [];
}

function isPacked({ format }: JsonObject): boolean {
  return format === 'nvfp4-pack-quantized';
}

/** A scale of a whole tensor: a scale for each group becomes `times(group, scale)`. */
interface WholeScale {
  readonly name: string;
  readonly times: typeof mul;
}

/** A weight, by the names of its tensors. */
interface Module {
  readonly plain: string;
  readonly codes: string;
  readonly scales: string;
  readonly whole: WholeScale;
  readonly input: WholeScale;
}

/** The weight whose codes a tensor has; undefined for any other tensor. */
function moduleOf(tensors: PlainTensors, codes: string): Module | undefined {
  const [, plain, isPacked] = /^(.*\.weight)(_packed)?$/.exec(codes) ?? [];
  const scales = `${plain}_scale`;
  const isFound = plain !== undefined && tensors.has(scales) && dtypeOf(tensors.get(scales)) === 'F8_E4M3';
  if (!isFound || dtypeOf(tensors.get(codes)) !== 'U8') {
    return undefined;
  }
  const begin = plain.slice(0, -'weight'.length);
  const [whole, input] = isPacked
    ? [`${plain}_global_scale`, `${begin}input_global_scale`]
    : [`${plain}_scale_2`, `${begin}input_scale`];
  const times = isPacked ? div : mul;
  return { plain, codes, scales, whole: { name: whole, times }, input: { name: input, times } };
}

/**
 * The scales that are written beside the blocks, one element each. A tensor's is left out if it is 1, those of stacked
 * experts if all of them are.
 */
async function scalesOf(
  tensors: PlainTensors,
  modules: readonly Module[],
  which: 'whole' | 'input',
): Promise<ReadonlyMap<Module, TensorExpr>> {
  const groups = new Map<string, Module[]>();
  for (const module of modules) {
    const key = module.plain.replace(EXPERT, '.experts.');
    groups.set(key, [...(groups.get(key) ?? []), module]);
  }
  const written = new Map<Module, TensorExpr>();
  await forEachConcurrently(groups.values(), READS, tensors.signal, async (group) => {
    for (const { plain, [which]: scale } of group) {
      // ref-quirk: np.allclose compares the scales of experts, less exactly than a single one is compared.
      const least = EXPERT.test(plain) ? 1.1e-5 : 1e-6;
      if (Math.abs((await scaleValue(tensors, scale)) - 1) <= least) {
        continue;
      }
      for (const module of group) {
        written.set(module, exprOf(tensors, module[which]));
      }
      return;
    }
  });
  return written;
}

const EXPERT = /\.experts\.\d+\./;
/** Scales that are read at a time. */
const READS = 16;

/** The scale's value; 1 where there is none. @throws QuantizedTensorError */
async function scaleValue(tensors: PlainTensors, { name, times }: WholeScale): Promise<number> {
  if (!tensors.has(name)) {
    return 1;
  }
  const expr = tensors.get(name);
  checkDType(name, expr, 'F32');
  if (elementCount(shapeOf(expr)) !== 1) {
    throw new QuantizedTensorError(`Tensor ${name} is [${shapeOf(expr).join(', ')}], not the one scale of a tensor.`);
  }
  const bytes = await tensors.bytes(name);
  const value = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat32(0, true);
  return times === div ? Math.fround(1 / value) : value;
}

function exprOf(tensors: PlainTensors, { name, times }: WholeScale): TensorExpr {
  const one = fill(1, [1]);
  const own = tensors.find(name);
  return own ? (times === div ? div(one, reshape(own, [1])) : reshape(own, [1])) : one;
}
