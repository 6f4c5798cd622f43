import { codes, Decoded, type Part, pattern, scales } from './decoded.js';

const config = (own: object, entries: object = {}) => ({
  torch_dtype: 'bfloat16',
  quantization: { group_size: 64, bits: 4, ...own, ...entries },
});

/** A module of 3 rows. */
function affine(bits: number, group: number, columns: number, dtype: 'F16' | 'BF16'): Record<string, Part> {
  return {
    'm.biases': scales(dtype, [3, columns / group], 50),
    'm.scales': scales(dtype, [3, columns / group], 2),
    'm.weight': codes('U32', [3, (columns * bits) / 32], bits),
  };
}

// Recorded from torch, which computed code * scale + bias in the dtype of the scales; numpy took the codes from the bits.
test.each([
  [3, 32, 96, 'BF16', '0c9c11d5e7e7815c'],
  [5, 16, 64, 'F16', 'bc79ef606a177ea1'],
  [6, 64, 64, 'BF16', '4030be89d79adc79'],
  [2, 32, 32, 'F16', '860a8f703e65f033'],
  [8, 32, 32, 'BF16', 'bae1799ec7474e11'],
  [4, 64, 128, 'F16', '82caa17996420dd4'],
] as const)('%s bits in groups of %s', async (bits, group, columns, dtype, sha256) => {
  const decoded = await Decoded.of(config({ bits, group_size: group }), affine(bits, group, columns, dtype));
  expect(decoded.names).toEqual(['m.weight']);
  expect(decoded.tensor('m.weight').kept).toBe(`MLX ${bits} bits`);
  expect(decoded.record('m.weight')).toMatchObject({ dtype, shape: [3, columns], sha256 });
});

const exponents = (shape: readonly number[]): Part => {
  const bytes = pattern(
    shape.reduce((a, b) => a * b),
    2,
  ).map((byte) => (byte % 32) + 110);
  return { dtype: 'U8', shape, bytes };
};
const below120 = (part: Part): Part => ({ ...part, bytes: part.bytes.map((byte) => byte % 120) });

// Recorded from torch: E2M1 or E4M3 times 2^(scale - 127), or times E4M3.
test.each<[string, Record<string, Part>, string]>([
  ['mxfp4', { 'm.scales': exponents([3, 3]), 'm.weight': codes('U32', [3, 12], 1) }, '8f221dd0eb18680d'],
  ['mxfp8', { 'm.scales': exponents([3, 2]), 'm.weight': below120(codes('U32', [3, 16], 1)) }, '593facd9ead6b636'],
  ['nvfp4', { 'm.scales': below120(codes('U8', [4, 3], 2)), 'm.weight': codes('U32', [4, 6], 1) }, '5619919631c65cdf'],
])('mode %s', async (mode, parts, sha256) => {
  const own = { mode, bits: mode === 'mxfp8' ? 8 : 4, group_size: mode === 'nvfp4' ? 16 : 32 };
  const decoded = await Decoded.of(config(own), parts);
  expect(decoded.tensor('m.weight').kept).toBe(`MLX ${mode.toUpperCase()}`);
  expect(decoded.record('m.weight')).toMatchObject({ dtype: 'BF16', sha256 });
});

test('an entry of a module says all of its form: without a mode it is affine', async () => {
  const entry = { m: { bits: 6, group_size: 64 } };
  const decoded = await Decoded.of(config({ mode: 'nvfp4', group_size: 16 }, entry), affine(6, 64, 64, 'BF16'));
  expect(decoded.record('m.weight')).toMatchObject({ sha256: '4030be89d79adc79' });
});

test('stacked experts have their names again, and all tensors are sorted', async () => {
  const part = affine(3, 32, 32, 'BF16');
  const stack = (name: string): Record<string, Part> =>
    Object.fromEntries(
      Object.entries(part).map(([own, { dtype, shape, bytes }]) => [
        own.replace('m.', `${name}.`),
        { dtype, shape: [3, 1, ...shape.slice(1)], bytes },
      ]),
    );
  const of = { bits: 3, group_size: 32 };
  const decoded = await Decoded.of(config(of), {
    ...stack('l.mlp.switch_mlp.up_proj'),
    'a.bias': part['m.scales'] as Part,
  });
  const each = [0, 1, 2].map((i) => `l.mlp.experts.${i}.up_proj.weight`);
  expect(decoded.names).toEqual(['a.bias', ...each]);
  const whole = await Decoded.of(config(of), part);
  expect(each.flatMap((name) => decoded.record(name).first)).toEqual(
    [0, 1, 2].flatMap((i) => [...whole.values('m.weight').subarray(32 * i, 32 * i + 4)]),
  );
  const mixtral = await Decoded.of(config(of), stack('l.block_sparse_moe.switch_mlp.down_proj'));
  expect(mixtral.names[1]).toBe('l.block_sparse_moe.experts.1.w2.weight');
});

describe('what mlx-lm makes of one tensor is one again', () => {
  /** Plain values 0, 1, 2, ... from `first` on. */
  const counted = (shape: readonly number[], first: number): Part => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => first + i);
    return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) };
  };
  const decode = (model: string, parts: Record<string, Part>) =>
    Decoded.of({ ...config({}), model_type: model }, parts);

  test('the two halves of kv_b_proj', async () => {
    // Two heads with keys of 2 and values of 1, rank 3: mlx-lm has the keys transposed.
    const decoded = await decode('deepseek_v3', {
      'l.self_attn.embed_q.weight': counted([2, 3, 2], 0),
      'l.self_attn.unembed_out.weight': counted([2, 1, 3], 100),
    });
    expect(decoded.names).toEqual(['l.self_attn.kv_b_proj.weight']);
    expect(decoded.record('l.self_attn.kv_b_proj.weight').shape).toEqual([6, 3]);
    expect([...decoded.values('l.self_attn.kv_b_proj.weight')]).toEqual([
      ...[0, 2, 4, 1, 3, 5, 100, 101, 102],
      ...[6, 8, 10, 7, 9, 11, 103, 104, 105],
    ]);
  });

  test("Granite's experts, of which each has its gate before its up, and its dense layers", async () => {
    const decoded = await decode('granitemoehybrid', {
      'l.block_sparse_moe.switch_mlp.down_proj.weight': counted([2, 2, 1], 0),
      'l.block_sparse_moe.switch_mlp.gate_proj.weight': counted([2, 1, 2], 10),
      'l.block_sparse_moe.switch_mlp.up_proj.weight': counted([2, 1, 2], 20),
      'm.mlp.down_proj.weight': counted([2, 1], 0),
      'm.mlp.gate_proj.weight': counted([1, 2], 10),
      'm.mlp.up_proj.weight': counted([1, 2], 20),
    });
    expect(decoded.names).toEqual([
      ...['l.block_sparse_moe.input_linear.weight', 'l.block_sparse_moe.output_linear.weight'],
      ...['m.shared_mlp.input_linear.weight', 'm.shared_mlp.output_linear.weight'],
    ]);
    expect([...decoded.values('l.block_sparse_moe.input_linear.weight')]).toEqual([10, 11, 20, 21, 12, 13, 22, 23]);
    expect([...decoded.values('m.shared_mlp.input_linear.weight')]).toEqual([10, 11, 20, 21]);
  });

  test("gpt-oss's experts, transposed, with gates and ups in turn, and no blocks kept of them", async () => {
    const decoded = await decode('gpt_oss', {
      'l.experts.down_proj.bias': counted([1, 3], 50),
      'l.experts.down_proj.weight': counted([1, 3, 2], 0),
      'l.experts.gate_proj.bias': counted([1, 2], 60),
      'l.experts.gate_proj.weight': counted([1, 2, 3], 10),
      'l.experts.up_proj.bias': counted([1, 2], 70),
      'l.experts.up_proj.weight': counted([1, 2, 3], 20),
    });
    const values = (name: string) => [...decoded.values(`l.experts.${name}`)];
    expect(decoded.record('l.experts.gate_up_proj').shape).toEqual([1, 3, 4]);
    expect(values('gate_up_proj')).toEqual([10, 20, 13, 23, 11, 21, 14, 24, 12, 22, 15, 25]);
    expect(values('gate_up_proj_bias')).toEqual([60, 70, 61, 71]);
    expect(values('down_proj')).toEqual([0, 2, 4, 1, 3, 5]);
    expect(values('down_proj_bias')).toEqual([50, 51, 52]);
  });

  test('a part without the other one is an error', async () => {
    await expect(decode('deepseek_v3', { 'l.embed_q.weight': counted([2, 3, 2], 0) })).rejects.toThrow(
      'l.unembed_out.weight is missing',
    );
  });
});

test("norms of Qwen3-Next are without the 1 that mlx-lm's sanitize adds", async () => {
  // 1.5, 1.25 and 0.5 in bfloat16.
  const bytes = Uint8Array.of(0xc0, 0x3f, 0xa0, 0x3f, 0x00, 0x3f);
  const parts = Object.fromEntries(
    ['model.norm', 'model.layers.0.input_layernorm', 'model.layers.0.linear_attn.norm'].map((name): [string, Part] => [
      `${name}.weight`,
      { dtype: 'BF16', shape: [3], bytes },
    ]),
  );
  const decoded = await Decoded.of(config({}), parts, {}, { family: 'qwen3next' });
  for (const name of ['model.norm.weight', 'model.layers.0.input_layernorm.weight']) {
    expect(decoded.record(name).first).toEqual([0.5, 0.25, -0.5]);
  }
  expect(decoded.record('model.layers.0.linear_attn.norm.weight').first).toEqual([1.5, 1.25, 0.5]);
  const other = await Decoded.of(config({}), parts, {}, { family: 'qwen3' });
  expect(other.record('model.norm.weight').first).toEqual([1.5, 1.25, 0.5]);
});

test('convolutions have the order of torch', async () => {
  const decoded = await Decoded.of(config({}), { 'l.conv1d.weight': scales('BF16', [6, 4, 1], 0) });
  expect(decoded.record('l.conv1d.weight').shape).toEqual([6, 1, 4]);
});

const good = affine(4, 64, 128, 'F16');
test.each<[string, object, Record<string, Part>, RegExp]>([
  ['other bits', { bits: 7 }, good, /m 7 bits in groups of 64/],
  ['a group size of 0', { group_size: 0 }, good, /in groups of 0/],
  ['a group size that is not whole', { group_size: 1.5 }, good, /in groups of 1\.5/],
  ['groups of another size', { group_size: 32 }, good, /m\.weight \(scales\) is \[3, 2\].*\[3, 4\]/],
  ['bits of another width', { bits: 8 }, good, /m\.weight \(scales\) is \[3, 2\].*\[3, 1\]/],
  ['an unknown mode', { mode: 'int' }, good, /mode "int" of MLX/],
  ['scales of another mode', { mode: 'mxfp4', group_size: 32 }, good, /\[3, 128\] as MXFP4, and its scales are F16/],
  ['floats as codes', {}, { ...good, 'm.weight': scales('F16', [3, 16], 1) }, /m\.weight is of dtype F16/],
  ['biases of another dtype', {}, { ...good, 'm.biases': scales('BF16', [3, 2], 1) }, /is of dtype BF16/],
])('%s: refused by name', async (_, own, parts, message) => {
  await expect(Decoded.of(config(own), parts)).rejects.toThrow(message);
});
