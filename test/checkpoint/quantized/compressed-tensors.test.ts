import type { JsonObject } from '#src/json.js';
import { codes, Decoded, integers, type Part, scales } from './decoded.js';

/** config.json with the weights of groups. */
function config(weights: readonly JsonObject[], own: JsonObject = {}): JsonObject {
  const groups = weights.map((each, i) => [`group_${i}`, { targets: ['re:(a+)+$'], weights: each }]);
  return {
    quantization_config: {
      ...{ quant_method: 'compressed-tensors', format: 'pack-quantized' },
      ...{ config_groups: Object.fromEntries(groups), ...own },
    },
  };
}

const form = (bits: number, group: number | null, own: JsonObject = {}): JsonObject => ({
  ...{ num_bits: bits, type: 'int', group_size: group, strategy: group === null ? 'channel' : 'group', ...own },
});

function sizes(rows: number, columns: number): Part {
  return { dtype: 'I64', shape: [2], bytes: new Uint8Array(BigInt64Array.of(BigInt(rows), BigInt(columns)).buffer) };
}

function packed(columns: number, words: number, groups: number): Record<string, Part> {
  return {
    'm.weight_packed': codes('I32', [6, words], 3),
    'm.weight_scale': scales('BF16', [6, groups], 5),
    'm.weight_shape': sizes(6, columns),
  };
}

const channel = scales('BF16', [6, 1], 5);
const bytes = codes('I8', [6, 10], 3);

// All recorded from torch: codes less zeros in float32, times the scales as float32.
test.each([
  [4, 20, 8, 3, 3, '71e2c639d031ee0d'],
  [8, 10, 4, 3, 3, 'a19adfcbcf9c8c3f'],
  [2, 40, 16, 3, 3, '62a7639b48249d00'],
  [1, 40, 16, 2, 3, '5b874ed84551591e'],
  [4, 36, null, 5, 1, '8a243a33221c7ebc'],
  // Ten codes in each word, and codes across words.
  [3, 45, 15, 5, 3, '88ea266174f37fc3'],
  [3, 53, null, 5, 1, 'd6ef5a2178771ef4'],
])('%i bits, %i columns in groups of %s', async (bits, columns, group, words, groups, sha256) => {
  const decoded = await Decoded.of(config([form(bits, group)]), {
    ...packed(columns, words, groups),
    'n.weight': scales('BF16', [2, 2], 1),
  });
  expect(decoded.names).toEqual(['n.weight', 'm.weight']);
  expect(decoded.tensor('m.weight').kept).toBe(`INT${bits}`);
  expect(decoded.record('m.weight')).toMatchObject({ dtype: 'F32', shape: [6, columns], sha256 });
});

const ZEROS: Record<string, Part> = {
  'm.weight_packed': codes('I32', [10, 3], 3),
  'm.weight_scale': scales('F16', [10, 3], 5),
  'm.weight_shape': sizes(10, 20),
  'm.weight_zero_point': codes('I32', [2, 3], 7),
};
const ORDER = Array.from({ length: 20 }, (_, i) => (5 * i + 2) % 3);

test('zero points are packed along the rows', async () => {
  const decoded = await Decoded.of(config([form(4, 8)]), ZEROS);
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F32',
    shape: [10, 20],
    first: [-0.031402587890625, -0.05495452880859375, 0, -0.0471038818359375],
    sha256: 'd4b2e5004dbab349',
  });
});

test('columns of groups in any order', async () => {
  const order = { 'm.weight_g_idx': integers([20], ORDER) };
  const zeros = await Decoded.of(config([form(4, 8)]), { ...ZEROS, ...order });
  expect(zeros.record('m.weight').sha256).toBe('d5ed0d836b3b10fb');
  const symmetric = await Decoded.of(config([form(4, 8)]), { ...packed(20, 3, 3), ...order });
  expect(symmetric.names).toEqual(['m.weight']);
  expect(symmetric.record('m.weight').sha256).toBe('a9ed08b41d4d72b8');
  const none = { 'm.weight_g_idx': integers([20], new Array(20).fill(-1)) };
  const plain = await Decoded.of(config([form(4, 8)]), { ...packed(20, 3, 3), ...none });
  expect(plain.record('m.weight').sha256).toBe('71e2c639d031ee0d');
});

test('a module shows which of several forms it has', async () => {
  const groups = [form(8, 4), form(4, 8), form(8, null, { type: 'float' })];
  const decoded = await Decoded.of(config(groups, { format: 'mixed-precision' }), {
    ...packed(20, 3, 3),
    'i.weight': bytes,
    'i.weight_scale': channel,
  });
  expect(decoded.record('m.weight').sha256).toBe('71e2c639d031ee0d');
  expect(decoded.record('i.weight').sha256).toBe('226bd1e2b8697050');
});

test.each([
  ['each row', form(8, null), [6, 1], {}, '226bd1e2b8697050'],
  ['groups', form(8, 4), [6, 3], {}, '6810329f6361e88e'],
  [
    'each row, with zero points',
    form(8, null),
    [6, 1],
    { 'm.weight_zero_point': codes('I8', [6, 1], 9) },
    '237de8a08554f58d',
  ],
])('integers of 8 bits with scales for %s', async (_, own, shape, more, sha256) => {
  const decoded = await Decoded.of(config([own], { format: 'int-quantized' }), {
    'm.weight': bytes,
    'm.weight_scale': scales('BF16', shape, 5),
    'm.input_scale': scales('BF16', [1], 1),
    'm.input_zero_point': codes('I8', [1], 1),
    'a.k_scale': scales('BF16', [1], 1),
    ...more,
  });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight')).toMatchObject({ shape: [6, 10], sha256 });
});

test.each([
  ['a tensor', form(8, null, { type: 'float', strategy: 'tensor' }), [1], 'd83d66b17ead9461'],
  ['blocks', form(8, null, { type: 'float', strategy: 'block', block_structure: [8, 5] }), [3, 3], '9e69df281c4d2b82'],
  ['blocks in words', form(8, null, { type: 'float', block_structure: '8x5' }), [3, 3], '9e69df281c4d2b82'],
])('floats of 8 bits with scales for %s', async (_, own, shape, sha256) => {
  const weight = codes('F8_E4M3', [20, 13], 1);
  const parts = {
    'm.weight': { ...weight, bytes: weight.bytes.map((byte) => byte & 0xbf) },
    'm.weight_scale': scales('BF16', shape, 5),
  };
  const float = await Decoded.of(config([own], { format: 'float-quantized' }), parts, {}, { fp8AsQ8: true });
  expect(float.record('m.weight').sha256).toBe(sha256);
  expect(float.tensor('m.weight').forced).toBe('Q8_0');
  const naive = await Decoded.of(config([own], { format: 'naive-quantized' }), parts, {}, { fp8AsQ8: true });
  expect(naive.tensor('m.weight').forced).toBeUndefined();
});

/** Two of each four columns, in changing places. */
function bitmask(rows: number, columns: number): Part {
  const [four, each] = [columns / 4, Math.ceil(columns / 8)];
  const nibble = (row: number, i: number) =>
    i < four ? ([3, 5, 6, 9, 10, 12][(5 * (row * four + i) + Math.floor((row * four + i) / 7)) % 6] ?? 0) : 0;
  const bytes = Uint8Array.from({ length: rows * each }, (_, i) => {
    const [row, pair] = [Math.floor(i / each), i % each];
    return nibble(row, 2 * pair) | (nibble(row, 2 * pair + 1) << 4);
  });
  return { dtype: 'U8', shape: [rows, each], bytes };
}

/** Finite values, each fifth of them a zero with a sign. */
function half(dtype: 'F16' | 'BF16', shape: readonly number[]): Part {
  const { bytes } = codes(dtype, shape, 1);
  const words = new Uint16Array(bytes.slice().buffer).map((word, i) => word & (i % 5 === 0 ? 0x8000 : 0xbfff));
  return { dtype, shape, bytes: new Uint8Array(words.buffer) };
}

// Recorded from torch: zeros[mask] = values.
test.each([
  ['BF16', 'c2b6d073775083ee'],
  ['F16', '34eb070e2ed1db9a'],
] as const)('two of four columns, %s', async (dtype, sha256) => {
  const decoded = await Decoded.of(config([], { format: 'dense' }), {
    'm.bitmask': bitmask(5, 12),
    'm.compressed': half(dtype, [5, 6]),
    'm.shape': { ...sizes(5, 12), shape: [2, 1] },
  });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.tensor('m.weight').kept).toBe('2:4 sparse');
  expect(decoded.record('m.weight')).toMatchObject({ dtype, shape: [5, 12], sha256 });
});

const SPARSE = codes('F8_E4M3', [5, 8], 1);
const SPARSE_PARTS: Record<string, Part> = {
  'm.bitmask': bitmask(5, 16),
  'm.compressed': { ...SPARSE, bytes: SPARSE.bytes.map((byte) => byte & 0xbf) },
  'm.weight_scale': scales('BF16', [5, 1], 5),
};
const FLOATS = config([form(8, null, { type: 'float' })], { format: 'float-quantized' });

test('two of four columns of 8-bit floats', async () => {
  const decoded = await Decoded.of(FLOATS, SPARSE_PARTS);
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight').sha256).toBe('52bc974c32026c46');
});

test('a mask of three columns is refused where values are read', async () => {
  const three = { ...bitmask(5, 16), bytes: bitmask(5, 16).bytes.fill(0x37) };
  const decoded = await Decoded.of(FLOATS, { ...SPARSE_PARTS, 'm.bitmask': three });
  expect(() => decoded.record('m.weight')).toThrow(/m\.compressed, m\.bitmask/);
});

const good = packed(20, 3, 3);
const words = (shape: readonly number[]) => codes('I32', shape, 3);
test.each<[string, JsonObject, Record<string, Part>, RegExp]>([
  ['no bits', { num_bits: 0 }, good, /0 bits in groups of 8/],
  ['half a bit', { num_bits: 4.5 }, good, /4\.5 bits/],
  ['codes of 16 bits', { num_bits: 16, group_size: 2 }, packed(6, 3, 3), /m\.weight_packed has codes of 16 bits/],
  ['groups of 0', { group_size: 0 }, good, /groups of 0/],
  ['groups of -8', { group_size: -8 }, good, /groups of -8/],
  ['groups of another size', { group_size: 16 }, good, /m\.weight_packed is \[6, 3\] for \[6, 20\] codes in 3 groups/],
  ['a block of nothing', { block_structure: [0, 4] }, good, /block_structure/],
  ['other columns', {}, { ...good, 'm.weight_shape': sizes(6, 28) }, /m\.weight_packed is \[6, 3\] for \[6, 28\]/],
  ['a negative shape', {}, { ...good, 'm.weight_shape': sizes(-6, 20) }, /for \[-6, 20\]/],
  ['other rows', {}, { ...good, 'm.weight_shape': sizes(7, 20) }, /m\.weight_packed is \[6, 3\].*\[7, 3\]/],
  ['a shape of three', {}, { ...good, 'm.weight_shape': codes('I64', [3], 1) }, /m\.weight_shape is \[3\]/],
  ['scales of other rows', {}, { ...good, 'm.weight_scale': scales('BF16', [5, 3], 1) }, /m\.weight_scale is \[5, 3\]/],
  ['scales of whole numbers', {}, { ...good, 'm.weight_scale': words([6, 3]) }, /m\.weight_scale is of dtype I32/],
  ['zeros of other rows', {}, { ...ZEROS, 'm.weight_zero_point': words([4, 3]) }, /m\.weight_zero_point is \[4, 3\]/],
  ['zeros of other groups', {}, { ...ZEROS, 'm.weight_zero_point': words([2, 2]) }, /m\.weight_zero_point is \[2, 2\]/],
  ['an order of other columns', {}, { ...good, 'm.weight_g_idx': integers([2], [0, 1]) }, /m\.weight_g_idx is \[2\]/],
  [
    'an order of other groups',
    {},
    {
      ...good,
      'm.weight_g_idx': integers(
        [20],
        ORDER.map((i) => 2 * i),
      ),
    },
    /has group 4/,
  ],
  [
    'a mask of other columns',
    {},
    { 'm.bitmask': bitmask(5, 8), 'm.compressed': half('BF16', [5, 8]) },
    /m\.bitmask is/,
  ],
  ['five columns of ten', {}, { 'm.bitmask': bitmask(5, 8), 'm.compressed': half('BF16', [5, 5]) }, /m\.compressed is/],
  [
    'scales of other blocks',
    { block_structure: [8, 5] },
    { 'm.weight': bytes, 'm.weight_scale': scales('BF16', [2, 3], 1) },
    /m\.weight is \[6, 10\]/,
  ],
])('refused: %s', async (_, own, parts, message) => {
  await expect(Decoded.of(config([form(4, 8, own)]), parts)).rejects.toThrow(message);
});

test('the format marlin-24 is refused', async () => {
  await expect(Decoded.of(config([], { format: 'marlin-24' }), {})).rejects.toThrow(/marlin-24/);
});
