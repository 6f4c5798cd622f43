import type { JsonObject } from '#src/json.js';
import { codes, floats, integers, type Part, scalar, scales } from '../checkpoint/quantized/decoded.js';

/** A small checkpoint: config.json, and the tensors of model.safetensors. */
export interface Model {
  readonly config: JsonObject;
  readonly parts: Readonly<Record<string, Part>>;
}

const quantized = (method: string, own: JsonObject): JsonObject => ({
  torch_dtype: 'bfloat16',
  quantization_config: { quant_method: method, ...own },
});

/** compressed-tensors, with one form of weights. */
const groups = (format: string, weights: JsonObject, own: JsonObject = {}): JsonObject =>
  quantized('compressed-tensors', { format, config_groups: { group_0: { targets: ['Linear'], weights } }, ...own });

const form = (bits: number, strategy: string, group: number | null, type = 'int'): JsonObject => ({
  ...{ num_bits: bits, type, strategy, group_size: group, symmetric: true },
});

function shape(...sizes: readonly number[]): Part {
  const bytes = new Uint8Array(BigInt64Array.from(sizes, BigInt).buffer);
  return { dtype: 'I64', shape: [sizes.length], bytes };
}

function text(value: string): Part {
  const bytes = Buffer.from(value);
  return { dtype: 'U8', shape: [bytes.length], bytes };
}

function repeated(dtype: Part['dtype'], size: readonly number[], byte: number): Part {
  const part = codes(dtype, size, 0);
  return { ...part, bytes: part.bytes.map(() => byte) };
}

const index = Array.from({ length: 64 }, (_, i) => i % 2);
const GPTQ: Model['parts'] = {
  'm.qweight': codes('I32', [8, 8], 1),
  'm.qzeros': codes('I32', [2, 1], 2),
  'm.scales': scales('F16', [2, 8], 5),
};
const AWQ: Model['parts'] = {
  'm.qweight': codes('I32', [64, 2], 1),
  'm.qzeros': codes('I32', [2, 2], 2),
  'm.scales': scales('F16', [2, 16], 5),
};
const FOUR_BITS: Model['parts'] = {
  'm.weight': codes('U8', [256, 1], 1),
  'm.weight.quant_map': floats([16], 11, 0.1),
};
const NVFP4: Model['parts'] = {
  'm.weight': codes('U8', [8, 32], 1),
  'm.weight_scale': repeated('F8_E4M3', [8, 4], 0x38),
  'm.weight_scale_2': scalar(0.01),
  'm.input_scale': scalar(2),
};
const E4M3 = codes('F8_E4M3', [8, 16], 1);

export const QUANTIZED: Readonly<Record<string, Model>> = {
  GPTQ: {
    config: quantized('gptq', { bits: 4, group_size: 32, desc_act: false, dynamic: { x: { bits: 8 } } }),
    parts: GPTQ,
  },
  'GPTQ with g_idx': {
    config: quantized('gptq', { bits: 4, group_size: 32, desc_act: true }),
    parts: { ...GPTQ, 'm.g_idx': integers([64], index) },
  },
  AWQ: { config: quantized('awq', { bits: 4, group_size: 32, version: 'gemm' }), parts: AWQ },
  'AWQ for GEMV': {
    config: quantized('awq', { bits: 4, group_size: 32, version: 'gemv' }),
    parts: {
      'm.qweight': codes('I32', [8, 8], 1),
      'm.qzeros': codes('I32', [8, 4], 2),
      'm.scales': scales('F16', [8, 32], 5),
    },
  },
  'AutoRound like GPTQ': {
    config: quantized('auto-round', { bits: 4, group_size: 32, packing_format: 'auto_round:auto_gptq' }),
    parts: GPTQ,
  },
  'AutoRound like AWQ': {
    config: quantized('auto-round', { bits: 4, group_size: 32, packing_format: 'auto_round:auto_awq' }),
    parts: AWQ,
  },
  'bitsandbytes nf4, doubly quantized': {
    config: quantized('bitsandbytes', { load_in_4bit: true, bnb_4bit_quant_type: 'nf4' }),
    parts: {
      ...FOUR_BITS,
      'm.weight.absmax': codes('U8', [8], 9),
      'm.weight.nested_absmax': floats([1], 31),
      'm.weight.nested_quant_map': floats([256], 21, 0.2),
      'm.weight.quant_state.bitsandbytes__nf4': text(
        JSON.stringify({
          ...{ quant_type: 'nf4', blocksize: 64, dtype: 'bfloat16', shape: [16, 32] },
          ...{ nested_blocksize: 256, nested_dtype: 'float32', nested_offset: 0.1 },
        }),
      ),
    },
  },
  'bitsandbytes fp4': {
    config: quantized('bitsandbytes', { load_in_4bit: true, bnb_4bit_quant_type: 'fp4' }),
    parts: {
      ...FOUR_BITS,
      'm.weight.absmax': floats([8], 5),
      'm.weight.quant_state.bitsandbytes__fp4': text(
        JSON.stringify({ quant_type: 'fp4', blocksize: 64, dtype: 'float16', shape: [16, 32] }),
      ),
    },
  },
  'bitsandbytes int8': {
    config: quantized('bitsandbytes', { load_in_8bit: true }),
    parts: {
      'm.weight': codes('I8', [8, 16], 1),
      'm.SCB': floats([8], 5),
      'm.weight_format': repeated('U8', [], 0),
    },
  },
  'MLX affine': {
    config: { quantization: { group_size: 32, bits: 4, n: { group_size: 64, bits: 6 } } },
    parts: {
      'm.weight': codes('U32', [8, 8], 1),
      'm.scales': scales('BF16', [8, 2], 5),
      'm.biases': scales('BF16', [8, 2], 7),
      'n.weight': codes('U32', [4, 12], 1),
      'n.scales': scales('F16', [4, 1], 5),
      'n.biases': scales('F16', [4, 1], 7),
    },
  },
  'MLX mxfp4, experts': {
    config: { quantization: { group_size: 32, bits: 4, mode: 'mxfp4' } },
    parts: {
      'model.layers.0.mlp.switch_mlp.up_proj.weight': codes('U32', [3, 4, 8], 1),
      'model.layers.0.mlp.switch_mlp.up_proj.scales': repeated('U8', [3, 4, 2], 120),
      'm.conv.weight': scales('BF16', [4, 3, 1], 1),
    },
  },
  HQQ: {
    config: quantized('hqq', { quant_config: { weight_quant_params: { nbits: 4, group_size: 64, axis: 1 } } }),
    parts: {
      'm.W_q': codes('U8', [4, 64], 1),
      'm.scale': scales('BF16', [8, 1], 5),
      'm.zero': scales('BF16', [8, 1], 9),
      'm.shape': shape(8, 64),
      'm.nbits': integers([], [4]),
    },
  },
  'HQQ 3 bits': {
    config: quantized('hqq', { quant_config: { weight_quant_params: { nbits: 3, group_size: 16, axis: 0 } } }),
    parts: {
      'm.W_q': codes('I32', [2, 6], 1),
      'm.scale': scales('F16', [1, 6], 5),
      'm.zero': scales('F16', [1, 6], 9),
      'm.shape': shape(6, 16),
    },
  },
  'compressed-tensors pack-quantized': {
    config: groups('pack-quantized', form(4, 'group', 8)),
    parts: {
      'm.weight_packed': codes('I32', [6, 3], 3),
      'm.weight_scale': scales('BF16', [6, 3], 5),
      'm.weight_shape': shape(6, 20),
      'm.weight_zero_point': codes('I32', [1, 3], 7),
      'm.weight_g_idx': integers([20], index.slice(0, 20)),
    },
  },
  'compressed-tensors int': {
    config: groups('int-quantized', form(8, 'group', 4)),
    parts: {
      'm.weight': codes('I8', [6, 10], 3),
      'm.weight_scale': scales('BF16', [6, 3], 5),
      'm.weight_zero_point': codes('I8', [6, 3], 9),
    },
  },
  'compressed-tensors float': {
    config: groups('float-quantized', { ...form(8, 'block', null, 'float'), block_structure: [4, 8] }),
    parts: { 'm.weight': E4M3, 'm.weight_scale': floats([2, 2], 5), 'n.k_scale': scalar(1) },
  },
  'compressed-tensors NVFP4': {
    config: groups('nvfp4-pack-quantized', form(4, 'tensor_group', 16, 'float')),
    parts: {
      'm.weight_packed': codes('U8', [8, 32], 1),
      'm.weight_scale': repeated('F8_E4M3', [8, 4], 0x38),
      'm.weight_global_scale': scalar(100, [1]),
      'm.input_global_scale': scalar(3, [1]),
    },
  },
  'compressed-tensors MXFP4': {
    config: groups('mxfp4-pack-quantized', form(4, 'group', 32, 'float')),
    parts: { 'm.weight_packed': codes('U8', [8, 32], 1), 'm.weight_scale': repeated('U8', [8, 2], 120) },
  },
  'compressed-tensors sparse 2:4': {
    config: groups('float-quantized', form(8, 'channel', null, 'float'), {
      sparsity_config: { format: 'sparse-24-bitmask' },
    }),
    parts: {
      'm.compressed': E4M3,
      'm.bitmask': repeated('U8', [8, 4], 0x53),
      'm.shape': shape(8, 32),
      'm.weight_scale': scales('BF16', [8, 1], 5),
      'n.compressed': scales('BF16', [4, 8], 1),
      'n.bitmask': repeated('U8', [4, 2], 0xac),
    },
  },
  'FP8 by tensor': {
    config: quantized('fp8', { activation_scheme: 'static' }),
    parts: { 'm.weight': E4M3, 'm.weight_scale_inv': scalar(0.01), 'm.activation_scale': scalar(1) },
  },
  'FP8 by block': {
    config: quantized('fp8', { weight_block_size: [4, 8] }),
    parts: { 'm.weight': E4M3, 'm.weight_scale_inv': floats([2, 2], 5) },
  },
  'fbgemm FP8': {
    config: quantized('fbgemm_fp8', { activation_scale_ub: 1200 }),
    parts: { 'm.weight': E4M3, 'm.weight_scale': floats([8, 1], 5), 'm.input_scale_ub': scalar(1200) },
  },
  'modelopt NVFP4': { config: quantized('modelopt', { quant_algo: 'NVFP4' }), parts: NVFP4 },
  'modelopt, mixed': {
    config: quantized('modelopt', {
      quant_algo: 'MIXED_PRECISION',
      quantized_layers: { m: { quant_algo: 'NVFP4', group_size: 16 }, n: { quant_algo: 'FP8' } },
    }),
    parts: { ...NVFP4, 'n.weight': E4M3, 'n.weight_scale': scalar(0.01), 'n.input_scale': scalar(1) },
  },
  BitNet: {
    config: quantized('bitnet', { linear_class: 'autobitlinear' }),
    parts: { 'm.weight': repeated('U8', [2, 16], 0x24), 'm.weight_scale': scales('BF16', [1], 5) },
  },
  'MXFP4 of gpt-oss': {
    config: quantized('mxfp4', {}),
    parts: { m_blocks: codes('U8', [2, 4, 2, 16], 1), m_scales: repeated('U8', [2, 4, 2], 120) },
  },
};

export const PLAIN: Model = {
  config: {},
  parts: {
    'a.weight': scales('BF16', [4, 6], 1),
    'b.weight': floats([2, 3, 2], 1),
    'b.bias': codes('I64', [3], 1),
    'c.weight': E4M3,
    scalar: scalar(1),
  },
};
