import { DTYPE_BYTES, type DType } from '#src/tensor/dtype.js';
import { denseLayers, EMBEDDING, type Filled, model, type Tensors } from './synthetic.js';

/** Llamas of 0.49 billion parameters whose matrices are kept as each method keeps them; codes are random, scales small. */

interface Method {
  /** What stands in config.json. */
  readonly fields: object;
  /** The tensors of a matrix `[out, in]`; names begin with the module's. */
  matrix(out: number, columns: number): readonly Kept[];
  /** The embedding is kept in the same way. */
  readonly embedding?: true;
}

interface Kept {
  /** What follows the module's name. */
  readonly end: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** What fills it, again and again; normal numbers or random bytes where nothing is said. */
  readonly content?: Buffer;
}

const f32 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const i32 = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer);
const i64 = (...values: number[]) => Buffer.from(BigInt64Array.from(values.map(BigInt)).buffer);
/** 0.01 in bfloat16 and float16; bytes of E4M3 around 1, which no bit pattern of makes infinite. */
const BF16 = Buffer.from([0x24, 0x3c]);
const F16 = Buffer.from([0x1f, 0x21]);
const E4M3 = Buffer.from([0x38, 0x30, 0xb4, 0x39, 0xb1, 0x2c, 0x35]);
const quantized = (method: string, config: object) => ({
  quantization_config: { quant_method: method, ...config },
});
const groups = (format: string, weights: object) =>
  quantized('compressed-tensors', {
    format,
    config_groups: { group_0: { targets: ['Linear'], weights } },
    ignore: ['lm_head'],
  });
const NF4 = [-1, -0.7, -0.53, -0.39, -0.28, -0.18, -0.09, 0, 0.08, 0.16, 0.25, 0.34, 0.44, 0.56, 0.72, 1];
const MAP = f32(...Array.from({ length: 256 }, (_, i) => (i - 128) / 128));

export const QUANTIZED: Readonly<Record<string, Method>> = {
  'FP8 by block': {
    fields: quantized('fp8', { weight_block_size: [128, 128] }),
    matrix: (out, columns) => [
      { end: 'weight', dtype: 'F8_E4M3', shape: [out, columns], content: E4M3 },
      { end: 'weight_scale_inv', dtype: 'F32', shape: [out / 128, columns / 128], content: f32(0.01) },
    ],
  },
  'compressed-tensors int8': {
    fields: groups('int-quantized', { num_bits: 8, type: 'int', strategy: 'channel', symmetric: true }),
    matrix: (out, columns) => [
      { end: 'weight', dtype: 'I8', shape: [out, columns] },
      { end: 'weight_scale', dtype: 'BF16', shape: [out, 1], content: BF16 },
    ],
  },
  'compressed-tensors int4': {
    fields: groups('pack-quantized', {
      ...{ num_bits: 4, type: 'int', strategy: 'group', group_size: 128, symmetric: true },
    }),
    matrix: (out, columns) => [
      { end: 'weight_packed', dtype: 'I32', shape: [out, columns / 8] },
      { end: 'weight_scale', dtype: 'BF16', shape: [out, columns / 128], content: BF16 },
      { end: 'weight_shape', dtype: 'I64', shape: [2], content: i64(out, columns) },
    ],
  },
  'compressed-tensors mxfp4': {
    fields: groups('mxfp4-pack-quantized', {
      ...{ num_bits: 4, type: 'float', strategy: 'group', group_size: 32, symmetric: true },
    }),
    matrix: (out, columns) => [
      { end: 'weight_packed', dtype: 'U8', shape: [out, columns / 2] },
      { end: 'weight_scale', dtype: 'U8', shape: [out, columns / 32], content: Buffer.from([120, 121]) },
    ],
  },
  'modelopt NVFP4': {
    fields: quantized('modelopt', { quant_algo: 'NVFP4' }),
    matrix: (out, columns) => [
      { end: 'weight', dtype: 'U8', shape: [out, columns / 2] },
      { end: 'weight_scale', dtype: 'F8_E4M3', shape: [out, columns / 16], content: E4M3 },
      { end: 'weight_scale_2', dtype: 'F32', shape: [], content: f32(0.01) },
      { end: 'input_scale', dtype: 'F32', shape: [], content: f32(1) },
    ],
  },
  'GPTQ 4 bits': {
    fields: quantized('gptq', { bits: 4, group_size: 128, desc_act: false, sym: true }),
    matrix: (out, columns) => [...gptq(4, out, columns), groupOfEach(columns, (i) => i)],
  },
  'GPTQ 4 bits, act-order': {
    fields: quantized('gptq', { bits: 4, group_size: 128, desc_act: true, sym: true }),
    matrix: (out, columns) => [...gptq(4, out, columns), groupOfEach(columns, (i) => (i * 731) % columns)],
  },
  'GPTQ 8 bits': {
    fields: quantized('gptq', { bits: 8, group_size: 128, desc_act: false, sym: true }),
    matrix: (out, columns) => [...gptq(8, out, columns), groupOfEach(columns, (i) => i)],
  },
  'AutoRound 4 bits': {
    fields: quantized('auto-round', { bits: 4, group_size: 128, sym: true, packing_format: 'auto_round:auto_gptq' }),
    matrix: (out, columns) => gptq(4, out, columns),
  },
  AWQ: {
    fields: quantized('awq', { bits: 4, group_size: 128, version: 'gemm', zero_point: true }),
    matrix: (out, columns) => [
      { end: 'qweight', dtype: 'I32', shape: [columns, out / 8] },
      { end: 'qzeros', dtype: 'I32', shape: [columns / 128, out / 8], content: i32(0x77777777) },
      { end: 'scales', dtype: 'F16', shape: [columns / 128, out], content: F16 },
    ],
  },
  'bitsandbytes nf4': {
    fields: quantized('bitsandbytes', { load_in_4bit: true, bnb_4bit_quant_type: 'nf4' }),
    matrix: (out, columns) => [
      { end: 'weight', dtype: 'U8', shape: [(out * columns) / 2, 1] },
      { end: 'weight.absmax', dtype: 'U8', shape: [(out * columns) / 64] },
      { end: 'weight.nested_absmax', dtype: 'F32', shape: [(out * columns) / 64 / 256], content: f32(0.02) },
      { end: 'weight.nested_quant_map', dtype: 'F32', shape: [256], content: MAP },
      { end: 'weight.quant_map', dtype: 'F32', shape: [16], content: f32(...NF4) },
      state('weight.quant_state.bitsandbytes__nf4', {
        ...{ quant_type: 'nf4', blocksize: 64, dtype: 'bfloat16', shape: [out, columns] },
        ...{ nested_blocksize: 256, nested_dtype: 'float32', nested_offset: 0.1 },
      }),
    ],
  },
  'bitsandbytes int8': {
    fields: quantized('bitsandbytes', { load_in_8bit: true }),
    matrix: (out, columns) => [
      { end: 'weight', dtype: 'I8', shape: [out, columns] },
      { end: 'SCB', dtype: 'F32', shape: [out], content: f32(1.5) },
      { end: 'weight_format', dtype: 'U8', shape: [], content: Buffer.from([0]) },
    ],
  },
  'MLX 4 bits': {
    fields: { quantization: { group_size: 64, bits: 4 }, quantization_config: { group_size: 64, bits: 4 } },
    matrix: mlx(4, 64),
    embedding: true,
  },
  'MLX 6 bits': {
    fields: { quantization: { group_size: 64, bits: 6 }, quantization_config: { group_size: 64, bits: 6 } },
    matrix: mlx(6, 64),
    embedding: true,
  },
  BitNet: {
    fields: quantized('bitnet', { linear_class: 'bitlinear', quantization_mode: 'offline' }),
    matrix: (out, columns) => [
      // Codes 0, 1 and 2.
      { end: 'weight', dtype: 'U8', shape: [out / 4, columns], content: Buffer.from([0x24, 0x99, 0x46, 0x60, 0x15]) },
      { end: 'weight_scale', dtype: 'BF16', shape: [1], content: BF16 },
    ],
  },
  'HQQ 4 bits': {
    fields: quantized('hqq', {
      quant_config: { weight_quant_params: { nbits: 4, group_size: 64, axis: 1, view_as_float: false } },
      skip_modules: ['lm_head'],
    }),
    matrix: (out, columns) => [
      { end: 'W_q', dtype: 'U8', shape: [(out * columns) / 64 / 2, 64] },
      { end: 'scale', dtype: 'BF16', shape: [(out * columns) / 64, 1], content: BF16 },
      { end: 'zero', dtype: 'BF16', shape: [(out * columns) / 64, 1], content: Buffer.from([0x00, 0x41]) },
      { end: 'shape', dtype: 'I64', shape: [2], content: i64(out, columns) },
      { end: 'axis', dtype: 'I32', shape: [], content: i32(1) },
      { end: 'group_size', dtype: 'I32', shape: [], content: i32(64) },
      { end: 'nbits', dtype: 'I32', shape: [], content: i32(4) },
      { end: 'view_as_float', dtype: 'U8', shape: [], content: Buffer.from([0]) },
      text('compute_dtype', 'torch.bfloat16'),
      text('packing', '4bit_u8'),
    ],
  },
};

/** In GPTQ's layout, without the groups of the inputs. */
function gptq(bits: number, out: number, columns: number): readonly Kept[] {
  const zero = 2 ** (bits - 1) - 1;
  return [
    { end: 'qweight', dtype: 'I32', shape: [(columns * bits) / 32, out] },
    {
      ...{ end: 'qzeros', dtype: 'I32', shape: [columns / 128, (out * bits) / 32] },
      content: Buffer.from([bits === 4 ? zero * 17 : zero]),
    },
    { end: 'scales', dtype: 'F16', shape: [columns / 128, out], content: F16 },
  ];
}

function groupOfEach(columns: number, place: (column: number) => number): Kept {
  const groups = Array.from({ length: columns }, (_, i) => Math.floor(place(i) / 128));
  return { end: 'g_idx', dtype: 'I32', shape: [columns], content: i32(...groups) };
}

function mlx(bits: number, group: number): Method['matrix'] {
  return (out, columns) => [
    { end: 'weight', dtype: 'U32', shape: [out, (columns * bits) / 32] },
    { end: 'scales', dtype: 'BF16', shape: [out, columns / group], content: BF16 },
    { end: 'biases', dtype: 'BF16', shape: [out, columns / group], content: Buffer.from([0x24, 0xbd]) },
  ];
}

function text(end: string, value: string): Kept {
  const content = Buffer.from(value);
  return { end, dtype: 'U8', shape: [content.length], content };
}

const state = (end: string, value: object): Kept => text(end, JSON.stringify(value));

/** Random bytes, of a length that is no multiple of a row's. */
const CODES = randomBytes(8_000_009);

/** A folder with a model kept by a method of `QUANTIZED`. Written once per folder. */
export function syntheticQuantized(folder: string, name: string, layers: number): string {
  const { fields, matrix, embedding } = QUANTIZED[name] as Method;
  const plain: Tensors = [...EMBEDDING, ...denseLayers(layers)];
  const list = plain.flatMap(([tensor, shape]): Filled[] => {
    const [out = 1, columns] = shape;
    const isKept = columns !== undefined && (embedding || !tensor.includes('embed'));
    const module = tensor.slice(0, -'weight'.length);
    return isKept
      ? matrix(out, columns).map(({ end, dtype, shape: own, content = CODES }) => ({
          ...{ name: module + end, dtype, shape: own, content, bytes: DTYPE_BYTES[dtype] },
        }))
      : [{ name: tensor, dtype: 'BF16', shape, bytes: 2 }];
  });
  return model(folder, `Synthetic-${name.replaceAll(' ', '-')}`, { layers, fields }, list);
}

function randomBytes(count: number): Buffer {
  let state = 0x2545f491;
  const out = Buffer.alloc(count);
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}
