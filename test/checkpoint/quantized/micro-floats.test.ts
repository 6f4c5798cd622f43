import { createHash } from 'node:crypto';
import type { JsonObject } from '#src/json.js';
import { dtypeOf, shapeOf } from '#src/tensor/rows.js';
import { codes, Decoded, type Part, pattern, scalar } from './decoded.js';

const exponents = (shape: readonly number[], dtype: Part['dtype'] = 'U8'): Part => {
  const bytes = pattern(
    shape.reduce((a, b) => a * b),
    2,
  ).map((byte) => (byte % 32) + 110);
  return { dtype, shape, bytes };
};
const below120 = (part: Part): Part => ({ ...part, bytes: part.bytes.map((byte) => byte % 120) });
const hash = (decoded: Decoded, i: number): string =>
  createHash('sha256')
    .update(decoded.bytes(decoded.blocks[i]?.expr ?? fail()))
    .digest('hex')
    .slice(0, 16);
function fail(): never {
  throw new Error('There is no such tensor in blocks.');
}

const MXFP4 = { 'm.weight_packed': codes('U8', [3, 48], 1), 'm.weight_scale': exponents([3, 3]) };
const packed = (format: string, groups: JsonObject = {}) => ({
  torch_dtype: 'bfloat16',
  quantization_config: { quant_method: 'compressed-tensors', format, config_groups: groups },
});

// Recorded from torch: E2M1 or E4M3 times 2^(scale - 127). The blocks were put together by numpy.
describe('microscaling formats', () => {
  test('MXFP4 becomes values, or stays in blocks', async () => {
    const decoded = await Decoded.of(packed('mxfp4-pack-quantized'), { ...MXFP4, 'n.bias': scalar(1, [1]) });
    expect(decoded.names).toEqual(['n.bias', 'm.weight']);
    expect(decoded.record('m.weight')).toMatchObject({ dtype: 'F32', shape: [3, 96], sha256: '8f221dd0eb18680d' });
    const kept = await Decoded.of(packed('mxfp4-pack-quantized'), MXFP4, {}, { keepBlocks: true });
    expect(kept.names).toEqual([]);
    expect(kept.blocks.map(({ name, expr }) => [name, dtypeOf(expr), shapeOf(expr)])).toEqual([
      ['m.weight', 'MXFP4', [3, 96]],
    ]);
    expect(hash(kept, 0)).toBe('ae794450f16854df');
  });

  test('MXFP8 has no blocks to keep', async () => {
    const parts = { 'm.weight': below120(codes('F8_E4M3', [3, 64], 1)), 'm.weight_scale': exponents([3, 2]) };
    const decoded = await Decoded.of(packed('mxfp8-quantized'), parts, {}, { keepBlocks: true });
    expect(decoded.record('m.weight')).toMatchObject({ shape: [3, 64], sha256: '593facd9ead6b636' });
  });

  test.each<[string, Record<string, Part>, RegExp]>([
    [
      'scales of other groups',
      { ...MXFP4, 'm.weight_scale': exponents([3, 2]) },
      /m\.weight_packed is \[3, 96\] as MXFP4/,
    ],
    ['scales of other rows', { ...MXFP4, 'm.weight_scale': exponents([2, 3]) }, /its scales are U8 of \[2, 3\]/],
    ['no codes', { 'm.weight_scale': exponents([3, 3]) }, /m\.weight is missing/],
  ])('%s: refused by name', async (_, parts, message) => {
    await expect(Decoded.of(packed('mxfp4-pack-quantized'), parts)).rejects.toThrow(message);
  });
});

/** modelopt's weights of 4 rows. */
const nvfp4 = (name: string, columns: number, whole = 0.0123, input = 1): Record<string, Part> => ({
  [`${name}.input_scale`]: scalar(input),
  [`${name}.weight`]: codes('U8', [4, columns / 2], 1),
  [`${name}.weight_scale`]: below120(codes('F8_E4M3', [4, columns / 16], 2)),
  [`${name}.weight_scale_2`]: scalar(whole),
});
const modelopt = {
  torch_dtype: 'bfloat16',
  quantization_config: { quant_method: 'modelopt', quant_algo: 'NVFP4' },
};

// Blocks put together by torch and numpy as `_nvfp4_pack` in conversion/base.py puts them.
describe('NVFP4', () => {
  const sizes = (decoded: Decoded) =>
    decoded.blocks.map(({ name, beside = {} }) => [
      name,
      ...Object.entries(beside).map(
        ([ending, expr]) => `${ending} ${new Float32Array(Uint8Array.from(decoded.bytes(expr)).buffer)[0]}`,
      ),
    ]);

  test('stays in blocks, and scales of 1 vanish', async () => {
    const parts = { ...nvfp4('m', 64, 0.5), ...nvfp4('n', 64, 1, 2), 'm.k_scale': scalar(3) };
    const decoded = await Decoded.of(modelopt, parts);
    expect(decoded.names).toEqual([]);
    expect(sizes(decoded)).toEqual([
      ['m.weight', 'scale 0.5'],
      ['n.weight', 'input_scale 2'],
    ]);
    expect([hash(decoded, 0), hash(decoded, 1)]).toEqual(['db7b711e65f00229', 'db7b711e65f00229']);
  });

  test('experts have scales where one of them has', async () => {
    const experts = [1, 0.25].map((scale, i) => nvfp4(`m.experts.${i}.up_proj`, 64, scale));
    expect(sizes(await Decoded.of(modelopt, Object.assign({}, ...experts)))).toEqual([
      ['m.experts.0.up_proj.weight', 'scale 1'],
      ['m.experts.1.up_proj.weight', 'scale 0.25'],
    ]);
  });

  test('rows that are no whole blocks become values', async () => {
    const decoded = await Decoded.of(modelopt, nvfp4('m', 48));
    expect(decoded.blocks).toEqual([]);
    expect(decoded.record('m.weight')).toMatchObject({ dtype: 'BF16', shape: [4, 48], sha256: '59964f5ee2cce36b' });
  });

  test('compressed-tensors: reciprocals, and values where other weights have another format', async () => {
    const { 'm.weight': weight, 'm.weight_scale': scale } = nvfp4('m', 64) as { [name: string]: Part };
    const parts = {
      'm.input_global_scale': scalar(4, [1]),
      'm.weight_global_scale': scalar(81.25, [1]),
      'm.weight_packed': weight as Part,
      'm.weight_scale': scale as Part,
    };
    const alone = await Decoded.of(packed('nvfp4-pack-quantized'), parts);
    expect(sizes(alone)).toEqual([['m.weight', `scale ${Math.fround(1 / 81.25)}`, 'input_scale 0.25']]);
    const groups = { a: { format: 'nvfp4-pack-quantized' }, b: { format: 'mxfp4-pack-quantized' } };
    const among = await Decoded.of(packed('mixed-precision', groups), parts);
    expect(among.record('m.weight')).toMatchObject({ dtype: 'BF16', sha256: '3dcf2d8c841baa41' });
  });

  test.each<[string, Record<string, Part>, RegExp]>([
    [
      'scales of other groups',
      { ...nvfp4('m', 64), 'm.weight_scale': codes('F8_E4M3', [4, 3], 1) },
      /m\.weight is \[4, 64\] as NVFP4/,
    ],
    [
      'several scales of a tensor',
      { ...nvfp4('m', 64), 'm.weight_scale_2': scalar(1, [1, 1]), 'm.input_scale': codes('F32', [2], 1) },
      /m\.input_scale is \[2\], not the one scale/,
    ],
  ])('%s: refused by name', async (_, parts, message) => {
    await expect(Decoded.of(modelopt, parts)).rejects.toThrow(message);
  });
});

describe('experts of MXFP4 that families keep', () => {
  const expert = (name: string, codesOf: string, scaleOf: string): Record<string, Part> => ({
    [name + codesOf]: codes(codesOf === '.weight' ? 'I8' : 'U8', [3, 48], 1),
    [name + scaleOf]: exponents([3, 3], scaleOf === '.scale' ? 'F8_E8M0' : 'U8'),
  });

  test.each([
    ['deepseek4', {}, '.weight', '.scale', ['w1', 'w2', 'w3']],
    [
      'mimo2',
      { store_dtype: 'mxfp4', quant_method: 'fp8' },
      '.weight',
      '.weight_scale',
      ['down_proj', 'gate_proj', 'up_proj'],
    ],
    ['kimi-k3', { format: 'mxfp4-pack-quantized' }, '.weight_packed', '.weight_scale', ['w1', 'w2', 'w3']],
  ])('%s: by block, projection and expert', async (family, own, codesOf, scaleOf, parts) => {
    const names = [2, 10].flatMap((b) =>
      parts.flatMap((p) => [0, 1].map((x) => `model.layers.${b}.ffn.experts.${x}.${p}`)),
    );
    const shuffled = [...names].sort().map((name) => expert(name, codesOf, scaleOf));
    const decoded = await Decoded.of({ quantization_config: own }, Object.assign({}, ...shuffled), {}, { family });
    expect(decoded.blocks.map(({ name }) => name)).toEqual(names.map((name) => `${name}.weight`));
    expect(decoded.names).toEqual([]);
    expect(hash(decoded, 5)).toBe('ae794450f16854df');
  });

  test('gpt-oss has them in one tensor', async () => {
    const parts = { 'm.down_proj_blocks': codes('U8', [1, 3, 3, 16], 1), 'm.down_proj_scales': exponents([1, 3, 3]) };
    const decoded = await Decoded.of({ quantization_config: { quant_method: 'mxfp4' } }, parts);
    expect(decoded.blocks.map(({ name, expr }) => [name, shapeOf(expr)])).toEqual([['m.down_proj', [1, 96, 3]]]);
    expect(decoded.recordOf(decoded.blocks[0]?.plain() ?? fail()).shape).toEqual([1, 96, 3]);
    const wrong = { ...parts, 'm.down_proj_scales': exponents([1, 2, 3]) };
    await expect(Decoded.of({ quantization_config: { quant_method: 'mxfp4' } }, wrong)).rejects.toThrow(
      /m\.down_proj_blocks/,
    );
  });
});
