import { codes, Decoded, type Part, scales } from './decoded.js';

const config = (nbits?: number) => ({
  torch_dtype: 'float16',
  quantization_config: { quant_method: 'hqq', quant_config: { weight_quant_params: { nbits, group_size: 64 } } },
});

const shapeOf = (...sizes: readonly number[]): Part => ({
  dtype: 'I64',
  shape: [sizes.length],
  bytes: new Uint8Array(BigInt64Array.from(sizes, BigInt).buffer),
});

interface Module {
  readonly words: readonly [dtype: Part['dtype'], ...shape: number[]];
  readonly groups: readonly number[];
  readonly shape: readonly number[];
  readonly dtype?: 'F16' | 'BF16';
}

/** A module from the patterns that the records were made of, with some of what is kept beside them. */
function parts({ words: [type, ...size], groups, shape, dtype = 'F16' }: Module): Record<string, Part> {
  return {
    'm.W_q': codes(type, size, 1),
    'm.bias': scales('F16', [shape[0] ?? 0], 1),
    'm.compute_dtype': codes('U8', [13], 0),
    'm.nbits': codes('I32', [], 0),
    'm.scale': scales(dtype, groups, 5),
    'm.shape': shapeOf(...shape),
    'm.zero': scales(dtype, groups, 9),
  };
}

// Recorded from torch, which computed (code - zero) * scale in the dtype of both.
describe('values', () => {
  test.each<[string, number | undefined, Module, object]>([
    ['1 bit', 1, { words: ['U8', 2, 3], groups: [16, 1], shape: [8, 6] }, { dtype: 'F16', sha256: 'e833328e3206a622' }],
    [
      '2 bits, groups in columns',
      2,
      { words: ['U8', 1, 15], groups: [1, 15], shape: [6, 10], dtype: 'BF16' },
      { dtype: 'BF16', sha256: '7bbcc4d2f51c0e0f' },
    ],
    [
      '3 bits, padded rows',
      3,
      { words: ['I32', 3, 2], groups: [27, 1], shape: [9, 6] },
      {
        dtype: 'F16',
        first: [0.031341552734375, 0.047027587890625, 0.0243377685546875, 0.04058837890625],
        sha256: '309754267cf0f4aa',
      },
    ],
    [
      '3 bits, groups in columns',
      3,
      { words: ['I32', 2, 6], groups: [1, 6], shape: [9, 8], dtype: 'BF16' },
      { dtype: 'BF16', sha256: 'be83f0aaa9d5fdf5' },
    ],
    [
      '8 bits',
      8,
      { words: ['U8', 5, 6], groups: [5, 1], shape: [3, 10], dtype: 'BF16' },
      { dtype: 'BF16', first: [0.008056640625, 0.1708984375, 0.447265625, 0.8359375], sha256: '9707a0d3b0381484' },
    ],
    [
      '8 bits under the name of floats',
      8,
      { words: ['BF16', 5, 3], groups: [5, 1], shape: [3, 10], dtype: 'BF16' },
      { dtype: 'BF16', sha256: '9707a0d3b0381484' },
    ],
    [
      '3 bits under the name of floats',
      undefined,
      { words: ['F16', 3, 4], groups: [27, 1], shape: [9, 6] },
      { dtype: 'F16', sha256: '309754267cf0f4aa' },
    ],
  ])('%s', async (_, bits, module, want) => {
    const decoded = await Decoded.of(config(bits), parts(module));
    expect(decoded.names).toEqual(['m.bias', 'm.weight']);
    expect(decoded.record('m.weight')).toMatchObject({ shape: module.shape, ...want });
  });

  test('float32', async () => {
    const floats = (part: Part): Part => {
      // Float16 with these exponents: the same number with an exponent of 8 bits.
      const halves = new Uint16Array(part.bytes.buffer);
      const bits = Uint32Array.from(halves, (half) => ((half >> 10) + 112) * 2 ** 23 + (half & 0x3ff) * 2 ** 13);
      return { dtype: 'F32', shape: part.shape, bytes: new Uint8Array(bits.buffer) };
    };
    const own = parts({ words: ['U8', 6, 5], groups: [12, 1], shape: [6, 10] });
    const { 'm.scale': scale, 'm.zero': zero } = own as { 'm.scale': Part; 'm.zero': Part };
    const decoded = await Decoded.of(config(4), { ...own, 'm.scale': floats(scale), 'm.zero': floats(zero) });
    expect(decoded.tensor('m.weight').kept).toBe('HQQ 4 bits');
    expect(decoded.record('m.weight')).toEqual({
      dtype: 'F32',
      shape: [6, 10],
      first: [-6.187224062159657e-5, 0.007788774557411671, 0.023490069434046745, 0.047042008489370346],
      sha256: '74ee16b55e740d73',
    });
  });
});

describe('refused by name', () => {
  const good = parts({ words: ['U8', 6, 5], groups: [12, 1], shape: [6, 10] });
  const { 'm.scale': _, ...unscaled } = good;
  test.each<[string, number, Record<string, Part>, RegExp]>([
    ['other bits than config.json has', 2, good, /m\.W_q has codes of 4 bits.*asks for 2/],
    ['another shape', 4, { ...good, 'm.shape': shapeOf(6, 11) }, /m\.W_q is \[6, 5\] for a weight of \[6, 11\]/],
    ['a shape of nothing', 4, { ...good, 'm.shape': shapeOf(0, 10) }, /m\.shape says that its weight is \[0, 10\]/],
    ['a negative shape', 4, { ...good, 'm.shape': shapeOf(-6, -10) }, /m\.shape says that its weight is \[-6, -10\]/],
    ['a huge shape', 4, { ...good, 'm.shape': shapeOf(2 ** 52, 10) }, /m\.shape says/],
    ['a shape of three', 4, { ...good, 'm.shape': shapeOf(6, 5, 2) }, /m\.shape is \[3\]/],
    ['a shape of other integers', 4, { ...good, 'm.shape': codes('I32', [2], 1) }, /m\.shape is of dtype I32/],
    ['zeros of other groups', 4, { ...good, 'm.zero': scales('F16', [11, 1], 1) }, /m\.zero is \[11, 1\].*\[12, 1\]/],
    ['zeros of another dtype', 4, { ...good, 'm.zero': scales('BF16', [12, 1], 1) }, /m\.zero is of dtype BF16/],
    [
      'scales for each element',
      4,
      { ...good, 'm.scale': scales('F16', [12, 5], 1), 'm.zero': scales('F16', [12, 5], 1) },
      /m\.W_q/,
    ],
    ['no scales', 4, unscaled, /m\.scale is missing/],
    ['words of three dimensions', 4, { ...good, 'm.W_q': codes('U8', [6, 5, 1], 1) }, /m\.W_q is \[6, 5, 1\]/],
    ['a scalar scale', 4, { ...good, 'm.scale': scales('F16', [], 1), 'm.zero': scales('F16', [], 1) }, /m\.W_q/],
  ])('%s', async (_, bits, tensors, message) => {
    await expect(Decoded.of(config(bits), tensors)).rejects.toThrow(message);
  });
});
