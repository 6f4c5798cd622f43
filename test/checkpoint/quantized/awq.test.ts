import { codes, Decoded, type Part, scales } from './decoded.js';

const config = (own: object, dtype = 'float16') => ({
  torch_dtype: dtype,
  quantization_config: { quant_method: 'awq', bits: 4, group_size: 4, version: 'gemm', zero_point: true, ...own },
});

/** A module of 20 inputs and 24 outputs, from the patterns that the records were made of. */
function columns(groups: number): Record<string, Part> {
  return {
    'm.qweight': codes('I32', [20, 3], 1),
    'm.qzeros': codes('I32', [groups, 3], 2),
    'm.scales': scales('F16', [groups, 24], 5),
    'n.weight': scales('F16', [2, 2], 1),
  };
}

function rows(inputs: number, zeroWords: number): Record<string, Part> {
  return {
    'm.qweight': codes('I32', [3, inputs / 8], 1),
    'm.qzeros': codes('I32', [3, zeroWords], 2),
    'm.scales': scales('F16', [3, 8 * zeroWords], 5),
  };
}

// Recorded from torch, which computed (code - zero) * scale in float16 as dequantize_gemm does.
test('GEMM: codes along the outputs, out of order', async () => {
  const decoded = await Decoded.of(config({}), columns(5));
  expect(decoded.names).toEqual(['n.weight', 'm.weight']);
  expect(decoded.tensor('m.weight').kept).toBe('AWQ 4 bits');
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F16',
    shape: [24, 20],
    first: [-0.00785064697265625, 0.08636474609375, 0.054962158203125, 0.0235595703125],
    sha256: '910543e84ca465ab',
  });
});

test('one group for all inputs, in a model of bfloat16', async () => {
  const decoded = await Decoded.of(config({ group_size: -1, version: 'GEMM' }, 'bfloat16'), columns(1));
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'BF16',
    shape: [24, 20],
    first: [-0.00787353515625, 0.08642578125, 0.054931640625, 0.0235595703125],
    sha256: '7c0856436680250f',
  });
});

test('without zeros, codes are around 8; sizes under the names of quant_config.json', async () => {
  const { 'm.qzeros': _, ...parts } = columns(2);
  const sizes = { bits: undefined, group_size: undefined, w_bit: 4, q_group_size: 10, zero_point: false };
  const decoded = await Decoded.of(config(sizes), parts);
  expect(decoded.record('m.weight')).toMatchObject({ shape: [24, 20], sha256: '55b48167302f5c5e' });
});

test('GEMV: codes along the inputs, groups padded to what a kernel reads', async () => {
  const wide = await Decoded.of(config({ version: 'gemv', group_size: 64 }), rows(192, 2));
  expect(wide.record('m.weight')).toEqual({
    dtype: 'F16',
    shape: [3, 192],
    first: [-0.00785064697265625, -0.0157012939453125, 0.0235595703125, -0.00785064697265625],
    sha256: '74d56c75c8707e39',
  });
  const narrow = await Decoded.of(config({ version: 'gemv', group_size: 32 }), rows(96, 4));
  expect(narrow.record('m.weight')).toMatchObject({ shape: [3, 96], sha256: '83afa1c07b696767' });
});

describe('refused by name', () => {
  const good = columns(5);
  test.each<[string, object, Record<string, Part>, RegExp]>([
    ['other bits', { bits: 3 }, good, /quantized by AWQ to 3 bits/],
    ['another kernel', { version: 'marlin' }, good, /for the kernel "marlin"/],
    ['a group size of 0', { group_size: 0 }, good, /m\.scales has 5 groups for 20 inputs.*groups of 0/],
    ['groups of another size', { group_size: 8 }, good, /m\.scales has 5 groups.*groups of 8/],
    [
      'scales of other outputs',
      {},
      { ...good, 'm.scales': scales('F16', [5, 23], 1) },
      /m\.scales is \[5, 23\].*\[5, 24\]/,
    ],
    ['zeros of other groups', {}, { ...good, 'm.qzeros': codes('I32', [4, 3], 1) }, /m\.qzeros is \[4, 3\].*\[5, 3\]/],
    ['weights of bytes', {}, { ...good, 'm.qweight': codes('U8', [20, 3], 1) }, /m\.qweight is of dtype U8/],
    ['a weight of one dimension', {}, { ...good, 'm.qweight': codes('I32', [60], 1) }, /m\.qweight is \[60\]/],
    ['scales of one dimension', {}, { ...good, 'm.scales': scales('F16', [120], 1) }, /m\.qweight/],
    [
      'GEMV of other groups',
      { version: 'gemv', group_size: 128 },
      rows(192, 2),
      /m\.scales has 16 padded groups for 192 inputs.*groups of 128/,
    ],
    ['GEMV of a group size of 0', { version: 'gemv', group_size: 0 }, rows(192, 2), /groups of 0/],
    [
      'GEMV with too many scales',
      { version: 'gemv', group_size: 64 },
      { ...rows(192, 2), 'm.scales': scales('F16', [3, 17], 1) },
      /m\.qzeros is \[3, 2\]/,
    ],
  ])('%s', async (_, own, tensors, message) => {
    await expect(Decoded.of(config(own), tensors)).rejects.toThrow(message);
  });
});
