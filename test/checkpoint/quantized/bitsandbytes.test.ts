import { codes, Decoded, floats, type Part } from './decoded.js';

const config = { quantization_config: { quant_method: 'bitsandbytes' }, torch_dtype: 'bfloat16' };

/** The JSON beside a weight, padded to nothing: its bytes as U8. */
function state(own: object, type = 'nf4'): Record<string, Part> {
  const json = { quant_type: type, blocksize: 64, dtype: 'float16', shape: [5, 27], ...own };
  const bytes = Buffer.from(JSON.stringify(json));
  return { [`m.weight.quant_state.bitsandbytes__${type}`]: { dtype: 'U8', shape: [bytes.length], bytes } };
}

/** 135 elements: the last byte has one code that means nothing, and the last block of 64 is not whole. */
const CODES = { 'm.weight': codes('U8', [68, 1], 3), 'm.weight.quant_map': floats([16], 11, 0.1) };
const PLAIN = { ...CODES, 'm.weight.absmax': floats([3], 5) };
const NESTED = {
  ...CODES,
  'm.weight.absmax': codes('U8', [34], 9),
  'm.weight.nested_absmax': floats([3], 31),
  'm.weight.nested_quant_map': floats([256], 21, 0.2),
};
const nested = { blocksize: 4, nested_blocksize: 16, nested_offset: 0.0123456789, dtype: 'bfloat16' };

// Recorded from torch, which computed quant_map[code] * absmax of codes that it took from the bytes.
test('codes of 4 bits of a matrix whose rows are no whole blocks', async () => {
  const decoded = await Decoded.of(config, { ...PLAIN, ...state({}) });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.tensor('m.weight').kept).toBe('bitsandbytes NF4');
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F16',
    shape: [5, 27],
    first: [-0.0007228851318359375, -0.0007162094116210938, -0.000720977783203125, -0.0007076263427734375],
    sha256: 'c086784d32a530dc',
  });
});

test('the dtype that stores the codes means nothing', async () => {
  const stored: Part = { ...CODES['m.weight'], dtype: 'BF16', shape: [34, 1] };
  const decoded = await Decoded.of(config, { ...PLAIN, 'm.weight': stored, ...state({}, 'fp4') });
  expect(decoded.tensor('m.weight').kept).toBe('bitsandbytes FP4');
  expect(decoded.record('m.weight')).toMatchObject({ dtype: 'F16', sha256: 'c086784d32a530dc' });
});

test('scales that are quantized themselves', async () => {
  const decoded = await Decoded.of(config, { ...NESTED, ...state(nested) });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight')).toMatchObject({
    dtype: 'BF16',
    first: [-0.00099945068359375, -0.00098419189453125, -0.0009918212890625, -0.0009765625],
    sha256: 'dbc742d8d7e20c52',
  });
});

const INT8 = { 'm.SCB': floats([5], 6), 'm.weight': codes('I8', [5, 7], 4) };
const format = (value: number): Part => ({ dtype: 'U8', shape: [], bytes: Uint8Array.of(value) });

test('LLM.int8: the product with the scale is rounded before it is divided', async () => {
  const decoded = await Decoded.of(config, { ...INT8, 'm.weight_format': format(0) });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'BF16',
    shape: [5, 7],
    first: [0.000247955322265625, 0.00148773193359375, 0.0035858154296875, 0.006561279296875],
    sha256: '596d6c6204188eeb',
  });
});

test.each<[string, Record<string, Part>, RegExp]>([
  ['a shape of more codes', { ...PLAIN, ...state({ shape: [6, 27] }) }, /m\.weight has 68 bytes, too few/],
  ['scales of other blocks', { ...PLAIN, ...state({ blocksize: 32 }) }, /m\.weight\.absmax is \[3\].*\[5\]/],
  ['blocks of nothing', { ...PLAIN, ...state({ blocksize: 0 }) }, /blocksize in tensor .* is 0/],
  ['blocks without end', { ...PLAIN, ...state({ blocksize: 2 ** 52 }) }, /blocksize in tensor .* is 4503599627370496/],
  ['a negative size', { ...PLAIN, ...state({ shape: [-5, 27] }) }, /describes no weight of 4 bits/],
  ['an unknown dtype', { ...PLAIN, ...state({ dtype: 'int8' }) }, /dtype in tensor .* is "int8"/],
  ['nested scales that are plain', { ...PLAIN, ...state(nested) }, /m\.weight\.nested_quant_map is missing/],
  ['another table', { ...PLAIN, 'm.weight.quant_map': floats([8], 1), ...state({}) }, /quant_map is \[8\].*\[16\]/],
  ['scales of other rows', { ...INT8, 'm.SCB': floats([4], 6) }, /m\.weight is \[5, 7\], and its scales are \[4\]/],
  ['tiles of a kernel', { ...INT8, 'm.weight_format': format(2) }, /not kept row by row/],
])('%s: refused by name', async (_, parts, message) => {
  await expect(Decoded.of(config, parts)).rejects.toThrow(message);
});
