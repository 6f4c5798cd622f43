import type { JsonObject } from '#src/json.js';
import { codes, Decoded, type Part, scales } from './decoded.js';

const BLOCKS = { quantization_config: { quant_method: 'fp8', weight_block_size: [8, 5] } };
const STATIC = { quantization_config: { quant_method: 'fp8', activation_scheme: 'static', weight_block_size: null } };
const FBGEMM = { quantization_config: { quant_method: 'fbgemm_fp8', activation_scale_ub: 1200 } };
const MODELOPT = { quantization_config: { quant_method: 'modelopt', quant_algo: 'FP8' } };
const MISTRAL = { quantization: { qformat_weight: 'fp8_e4m3', qscheme_act: 'TENSOR' } };

/** 8-bit floats of the pattern, each without the bit that NaN needs. */
function floats(dtype: 'F8_E4M3' | 'F8_E5M2', shape: readonly number[]): Part {
  return { dtype, shape, bytes: codes(dtype, shape, 1).bytes.map((byte) => byte & 0xbf) };
}

const one = scales('BF16', [], 5);

// Recorded from torch: the codes as float32 times the scales, repeated for the elements that they are of.
test('blocks at the ends of rows and columns are smaller', async () => {
  const parts = { 'm.weight': floats('F8_E4M3', [20, 13]), 'm.weight_scale_inv': scales('BF16', [3, 3], 5) };
  const decoded = await Decoded.of(BLOCKS, parts);
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.tensor('m.weight').kept).toBe('FP8');
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F32',
    shape: [20, 13],
    first: [1.5854835510253906e-5, 0.00041222572326660156, 0.007610321044921875, 0.0019025802612304688],
    sha256: '9e69df281c4d2b82',
  });
});

test.each([
  ['a tensor', 'BF16', [], 'd83d66b17ead9461'],
  ['each row', 'F16', [20], '5ace438b362f6b87'],
] as const)('a scale for %s, none for activations', async (_, dtype, shape, sha256) => {
  const decoded = await Decoded.of(STATIC, {
    'm.weight': floats('F8_E4M3', [20, 13]),
    'm.weight_scale_inv': scales(dtype, shape, 5),
    'm.activation_scale': one,
    'm.in_activation_scale': one,
  });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight')).toMatchObject({ shape: [20, 13], sha256 });
});

test('E5M2, and a column of scales', async () => {
  const parts = { 'm.weight': floats('F8_E5M2', [20, 13]), 'm.weight_scale_inv': scales('BF16', [20, 1], 5) };
  expect((await Decoded.of(STATIC, parts)).record('m.weight').sha256).toBe('22563688017f747d');
});

test('stacked experts: a scale for each block of each, or for each', async () => {
  const weight = floats('F8_E4M3', [3, 10, 6]);
  const four = { quantization_config: { ...BLOCKS.quantization_config, weight_block_size: [4, 4] } };
  const blocks = await Decoded.of(four, { experts: weight, experts_scale_inv: scales('BF16', [3, 3, 2], 5) });
  expect(blocks.record('experts').sha256).toBe('3bce23885a4ec884');
  const single = await Decoded.of(STATIC, { experts: weight, experts_scale_inv: scales('BF16', [3], 5) });
  expect(single.record('experts').sha256).toBe('cf8db7b63c7a3e0c');
  const q8 = await Decoded.of(
    STATIC,
    { experts: weight, experts_scale_inv: scales('BF16', [3], 5) },
    {},
    { fp8AsQ8: true },
  );
  expect(q8.tensor('experts').forced).toBe('Q8_0');
});

// Recorded from `_tp_aware_qkv_dequant` in the reference's conversion/mimo.py, run by torch.
test.each([
  [4, { num_attention_heads: 8, num_key_value_heads: 4 }, 704, '17eeb2b8e3b9efb8'],
  [8, { num_attention_heads: 16, swa_num_key_value_heads: 8, hybrid_layer_pattern: [1] }, 1408, 'a583482e68bd104e'],
])('the fused attention of a MiMo V2.5 in %i shards becomes Q, K, V', async (shards, heads, rows, sha256) => {
  const name = 'model.layers.0.self_attn.qkv_proj.weight';
  const config = { ...BLOCKS, head_dim: 48, v_head_dim: 32, num_hidden_layers: 1, ...heads };
  const parts = {
    [name]: floats('F8_E4M3', [rows, 150]),
    [`${name}_scale_inv`]: scales('BF16', [2 * shards, 2], 5),
  };
  const decoded = await Decoded.of(config, parts, {}, { family: 'mimo2' });
  expect(decoded.record(name)).toMatchObject({ dtype: 'F32', shape: [rows, 150], sha256 });
  await expect(Decoded.of({ ...config, head_dim: 50 }, parts, {}, { family: 'mimo2' })).rejects.toThrow(
    /heads of config/,
  );
});

test("Mistral's own format", async () => {
  const parts = { 'm.weight': floats('F8_E4M3', [20, 13]), 'm.qscale_weight': one, 'm.qscale_act': one };
  const decoded = await Decoded.of(MISTRAL, parts);
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight').sha256).toBe('d83d66b17ead9461');
  await expect(Decoded.of({ quantization: { qformat_weight: 'nvfp4' } }, parts)).rejects.toThrow(/format "nvfp4"/);
});

test('fbgemm: rows of experts, whose scales are of another dimension', async () => {
  const decoded = await Decoded.of(FBGEMM, {
    'experts.up': floats('F8_E4M3', [2, 6, 5]),
    'experts.up_scale': scales('BF16', [2, 1, 5], 5),
    'm.input_scale_ub': one,
    'm.bias': scales('BF16', [4], 1),
  });
  expect(decoded.names).toEqual(['experts.up', 'm.bias']);
  expect(decoded.record('experts.up').sha256).toBe('48a3d881990b1604');
});

test('modelopt: scales of activations and of the cache vanish, and one that no weight has', async () => {
  const decoded = await Decoded.of(MODELOPT, {
    'm.weight': floats('F8_E4M3', [20, 13]),
    'm.weight_scale': one,
    'm.input_scale': one,
    'm.k_scale': one,
    'gone.weight_scale': one,
  });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight').sha256).toBe('d83d66b17ead9461');
});

test('DeepSeek V4: blocks of 128 with scales of E8M0 become Q8_0, and plain weights keep their types', async () => {
  const decoded = await Decoded.of(
    {},
    {
      'm.weight': floats('F8_E4M3', [130, 132]),
      'm.scale': { dtype: 'F8_E8M0', shape: [2, 2], bytes: Uint8Array.of(120, 121, 122, 123) },
      'n.weight': scales('BF16', [2, 3], 1),
      'o.weight': scales('BF16', [3], 1),
      'p.gate.tid2eid': { dtype: 'I64', shape: [2], bytes: new Uint8Array(BigInt64Array.of(3n, 1n).buffer) },
    },
    {},
    { family: 'deepseek4' },
  );
  expect(decoded.tensors.map(({ name, forced }) => [name, forced])).toEqual([
    ['m.weight', 'Q8_0'],
    ['n.weight', 'BF16'],
    ['o.weight', undefined],
    ['p.gate.tid2eid', 'I32'],
  ]);
  expect(decoded.record('m.weight').sha256).toBe('dee11b795b298e55');
});

test.each<[string, JsonObject, Record<string, Part>, RegExp]>([
  ['a block size of 0', { weight_block_size: [0, 5] }, {}, /weight_block_size in config\.json is \[0,5\]/],
  ['half a block', { weight_block_size: [1.5, 5] }, {}, /weight_block_size/],
  ['a block size that is no list', { weight_block_size: 128 }, {}, /weight_block_size in config\.json is 128/],
  [
    'too few blocks',
    {},
    { 'm.weight_scale_inv': scales('BF16', [2, 3], 5) },
    /m\.weight is \[20, 13\].*\[2, 3\] are for blocks of \[8, 5\]/,
  ],
  ['scales of other rows', {}, { 'm.weight_scale_inv': scales('BF16', [21], 5) }, /m\.weight is \[20, 13\].*\[21\]/],
  ['blocks that no number counts', { weight_block_size: [2 ** 52, 2 ** 52] }, {}, /FP8 contradict each other/],
  ['codes of another dtype', {}, { 'm.weight': codes('I32', [20, 13], 1) }, /m\.weight is of dtype I32/],
  [
    'scales of whole numbers',
    {},
    { 'm.weight_scale_inv': codes('U8', [3, 3], 1) },
    /m\.weight_scale_inv is of dtype U8/,
  ],
  ['a scale without its weight', {}, { 'n.weight_scale_inv': one }, /n\.weight is missing/],
])('refused: %s', async (_, own, parts, message) => {
  const good = { 'm.weight': floats('F8_E4M3', [20, 13]), 'm.weight_scale_inv': scales('BF16', [3, 3], 5) };
  const config = { quantization_config: { ...BLOCKS.quantization_config, ...own } };
  await expect(Decoded.of(config, { ...good, ...parts })).rejects.toThrow(message);
});
