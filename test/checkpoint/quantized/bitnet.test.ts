import { codes, Decoded, type Part, scales } from './decoded.js';

const config = { quantization_config: { quant_method: 'bitnet' } };
const scale: Part = { dtype: 'BF16', shape: [1], bytes: Uint8Array.of(0x9a, 0x3e) };

// Recorded from torch, which computed (code - 1) / scale; the scale is 0.30078125.
test('four rows of two bits in a row of bytes', async () => {
  const decoded = await Decoded.of(config, { 'm.weight': codes('U8', [3, 10], 1), 'm.weight_scale': scale });
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.tensor('m.weight').kept).toBe('BitNet');
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F32',
    shape: [12, 10],
    first: [0, 0, 6.649350643157959, 6.649350643157959],
    sha256: 'f58ee6253a644f0a',
  });
});

test.each<[string, Record<string, Part>, RegExp]>([
  [
    'a scale for each row',
    { 'm.weight': codes('U8', [3, 10], 1), 'm.weight_scale': scales('F16', [3], 1) },
    /m\.weight is \[3, 10\], and its scale \[3\]/,
  ],
  ['a weight of one dimension', { 'm.weight': codes('U8', [30], 1), 'm.weight_scale': scale }, /m\.weight is \[30\]/],
  [
    'a weight of floats',
    { 'm.weight': scales('F16', [3, 10], 1), 'm.weight_scale': scale },
    /m\.weight is of dtype F16/,
  ],
  ['no weight', { 'm.weight_scale': scale }, /m\.weight is missing/],
])('%s is refused by name', async (_, parts, message) => {
  await expect(Decoded.of(config, parts)).rejects.toThrow(message);
});
