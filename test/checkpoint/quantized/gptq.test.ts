import { codes, Decoded, integers, type Part, scales } from './decoded.js';

const config = (own: object) => ({ quantization_config: { quant_method: 'gptq', bits: 4, group_size: 128, ...own } });

interface Sizes {
  readonly bits: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  readonly index?: readonly number[];
}

/** A module of words of 32 bits, from the patterns that the records were made of. */
function parts({ bits, inputs, outputs, groups, index }: Sizes): Record<string, Part> {
  return {
    'm.bias': scales('F16', [outputs], 1),
    ...(index && { 'm.g_idx': integers([inputs], index) }),
    'm.qweight': codes('I32', [(inputs * bits) / 32, outputs], 1),
    'm.qzeros': codes('I32', [groups, (outputs * bits) / 32], 2),
    'm.scales': scales('F16', [groups, outputs], 5),
    'n.weight': scales('F16', [2, 2], 1),
  };
}

const from = (count: number, of: (k: number) => number) => Array.from({ length: count }, (_, k) => of(k));
const SMALL = { bits: 4, inputs: 24, outputs: 8, groups: 5 };

// Recorded from torch, which computed scales[g] * (code - zero[g]) of codes that Python read bit by bit.
test('codes of 4 bits in groups by an index', async () => {
  const decoded = await Decoded.of(config({}), parts({ ...SMALL, index: from(24, (k) => (3 * k) % 5) }));
  expect(decoded.names).toEqual(['m.bias', 'n.weight', 'm.weight']);
  expect(decoded.tensor('m.weight').kept).toBe('GPTQ 4 bits');
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F32',
    shape: [8, 24],
    first: [-0.0157012939453125, -0.21938323974609375, -0.0202178955078125, -0.036285400390625],
    sha256: 'd467f0cfc67999db',
  });
});

test('codes of 2 bits without an index, whose last group is smaller', async () => {
  const decoded = await Decoded.of(
    config({ bits: 2, group_size: 32 }),
    parts({ bits: 2, inputs: 48, outputs: 16, groups: 2 }),
  );
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F32',
    shape: [16, 48],
    first: [-0.0157012939453125, -0.02355194091796875, -0.02355194091796875, -0.02355194091796875],
    sha256: 'c7ba629a8bbec8c7',
  });
});

test('codes of 3 bits, which go over the borders of words', async () => {
  const decoded = await Decoded.of(
    config({ bits: 3, group_size: 48 }),
    parts({ bits: 3, inputs: 64, outputs: 32, groups: 2 }),
  );
  expect(decoded.record('m.weight')).toMatchObject({ shape: [32, 64], sha256: 'a229b5935f8f8a2c' });
});

test('gptq_v2 keeps zeros as they are; a module has other sizes than most', async () => {
  const sizes = { bits: 8, inputs: 12, outputs: 4, groups: 3, index: from(12, (k) => [2, 0, 1][k % 3] as number) };
  const decoded = await Decoded.of(
    config({ checkpoint_format: 'gptq_v2', dynamic: { '+:m$': { bits: 8 }, '-:n': {} } }),
    {
      ...parts(sizes),
      'm.scales': scales('BF16', [3, 4], 5),
    },
  );
  expect(decoded.tensor('m.weight').kept).toBe('GPTQ 8 bits');
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F32',
    shape: [4, 12],
    first: [-0.43292236328125, 0.15423583984375, -2.0731201171875, 0.64410400390625],
    sha256: '7d386af294852a09',
  });
});

test('words of 16 bits, which the index and the shapes agree on', async () => {
  const decoded = await Decoded.of(config({}), {
    'm.g_idx': integers(
      [12],
      from(12, (k) => Math.floor(k / 4)),
    ),
    'm.qweight': codes('I16', [3, 4], 1),
    'm.qzeros': codes('I16', [3, 1], 2),
    'm.scales': scales('F16', [3, 4], 5),
  });
  expect(decoded.record('m.weight')).toMatchObject({ shape: [4, 12], sha256: 'c55aad555f6d93bd' });
});

test.each([-1, 24, 1000])('a group of size %d has all inputs', async (size) => {
  const decoded = await Decoded.of(config({ group_size: size }), parts({ ...SMALL, groups: 1 }));
  expect(decoded.record('m.weight')).toMatchObject({ shape: [8, 24], sha256: '175c31fb27dbbe3e' });
});

test('quantize_config.json alone', async () => {
  const file = JSON.stringify({ bits: 4, group_size: -1, desc_act: false });
  const decoded = await Decoded.of({}, parts({ ...SMALL, groups: 1 }), { 'quantize_config.json': file });
  expect(decoded.record('m.weight')).toMatchObject({ sha256: '175c31fb27dbbe3e' });
});

test('an index outside the groups is an error when values are read', async () => {
  for (const wrong of [5, -1]) {
    const index = from(24, (k) => (k === 7 ? wrong : 0));
    const decoded = await Decoded.of(config({}), parts({ ...SMALL, index }));
    expect(() => decoded.record('m.weight')).toThrow(
      /indices of tensor m\.g_idx are not all in the range of m\.scales/,
    );
  }
});

describe('refused by name', () => {
  const good = parts({ ...SMALL, index: from(24, () => 0) });
  const { 'm.g_idx': _, ...unindexed } = good;
  const { 'm.scales': __, ...unscaled } = good;
  test.each<[string, object, Record<string, Part>, RegExp]>([
    ['other bits than the tensors have', { bits: 8 }, good, /m\.qweight has codes of 4 bits by its shape.*asks for 8/],
    ['no bits', { bits: null }, good, /config\.json asks for none/],
    [
      'bits that the layout does not have',
      { bits: 16 },
      { ...good, 'm.qzeros': codes('I32', [5, 4], 2), 'm.qweight': codes('I32', [12, 8], 1) },
      /16 bits in GPTQ/,
    ],
    ['an unknown format', { checkpoint_format: 'marlin' }, good, /in the format "marlin"/],
    ['a group size of 0', { group_size: 0 }, unindexed, /m\.scales has 5 groups for 24 inputs.*groups of 0/],
    ['a negative group size', { group_size: -2 }, unindexed, /groups of -2/],
    ['a group size that is not whole', { group_size: 5.5 }, unindexed, /groups of 5\.5/],
    ['a group size of a string', { group_size: '5' }, unindexed, /groups of no size/],
    ['groups of another size', { group_size: 8 }, unindexed, /groups of 8/],
    [
      'a short index',
      {},
      {
        ...good,
        'm.g_idx': integers(
          [23],
          from(23, () => 0),
        ),
      },
      /m\.g_idx is \[23\].*\[24\]/,
    ],
    ['an index of floats', {}, { ...good, 'm.g_idx': scales('F16', [24], 1) }, /m\.g_idx is of dtype F16/],
    [
      'scales of other outputs',
      {},
      { ...good, 'm.scales': scales('F16', [5, 9], 5) },
      /m\.scales is \[5, 9\].*\[5, 8\]/,
    ],
    ['zeros of other groups', {}, { ...good, 'm.qzeros': codes('I32', [4, 1], 2) }, /m\.qzeros is \[4, 1\].*\[5, 1\]/],
    ['no zeros', {}, { ...good, 'm.qzeros': codes('I32', [5, 0], 2) }, /m\.qweight/],
    [
      'zeros of a cut word',
      {},
      {
        ...good,
        'm.qzeros': codes('I32', [5, 3], 2),
        'm.scales': scales('F16', [5, 7], 5),
        'm.qweight': codes('I32', [3, 7], 1),
      },
      /m\.qweight is \[3, 7\], which its zeros \[5, 3\] contradict/,
    ],
    ['no scales', {}, unscaled, /m\.scales is missing/],
    [
      'weights of three dimensions',
      {},
      { ...good, 'm.qweight': codes('I32', [3, 8, 1], 1) },
      /m\.qweight is \[3, 8, 1\]/,
    ],
    ['weights of floats', {}, { ...good, 'm.qweight': scales('F16', [3, 8], 1) }, /m\.qweight is of dtype F16/],
    [
      'hundreds of sizes',
      { dynamic: Object.fromEntries(from(100, (i) => i).map((i) => [`+:${i}`, { bits: i }])) },
      good,
      /101 different values of bits|100 different values of bits/,
    ],
  ])('%s', async (_, own, tensors, message) => {
    await expect(Decoded.of(config(own), tensors)).rejects.toThrow(message);
  });
});

test('patterns of modules are not run', async () => {
  const dynamic = { [`+:(a*)*${'(a|a)*'.repeat(30)}$`]: { bits: 8 }, '+:[': { group_size: 32 } };
  const decoded = await Decoded.of(config({ dynamic, group_size: -1 }), parts({ ...SMALL, groups: 1 }));
  expect(decoded.record('m.weight')).toMatchObject({ sha256: '175c31fb27dbbe3e' });
});
