import { codes, Decoded, type Part, scales } from './decoded.js';

const config = (own: object) => ({
  torch_dtype: 'float16',
  quantization_config: { quant_method: 'auto-round', bits: 3, group_size: 32, data_type: 'int', ...own },
});

function gptq(bits: number, inputs: number, outputs: number, groups: number): Record<string, Part> {
  return {
    'm.qweight': codes('I32', [(inputs * bits) / 32, outputs], 1),
    'm.qzeros': codes('I32', [groups, (outputs * bits) / 32], 2),
    'm.scales': scales('F16', [groups, outputs], 5),
  };
}

// Recorded from torch, which computed scales * (code - zero) of codes that Python read bit by bit.
test('its own format keeps zeros as they are', async () => {
  const decoded = await Decoded.of(config({ packing_format: 'auto_round' }), gptq(3, 96, 32, 3));
  expect(decoded.tensor('m.weight').kept).toBe('AutoRound 3 bits');
  expect(decoded.record('m.weight')).toEqual({
    dtype: 'F32',
    shape: [32, 96],
    first: [-0.00785064697265625, -0.0157012939453125, 0.0157012939453125, 0],
    sha256: '6f26c7a73ed0d2ac',
  });
});

test("GPTQ's format, of a module that extra_config gives other sizes", async () => {
  const entries = { m: { bits: 4, group_size: -1 }, '.*lm_head.*': { bits: 16 } };
  const decoded = await Decoded.of(
    config({ packing_format: 'auto_round:auto_gptq', extra_config: entries }),
    gptq(4, 24, 8, 1),
  );
  expect(decoded.tensor('m.weight').kept).toBe('AutoRound 4 bits');
  expect(decoded.record('m.weight')).toMatchObject({ dtype: 'F32', shape: [8, 24], sha256: '175c31fb27dbbe3e' });
});

test("AWQ's format", async () => {
  const own = { packing_format: 'auto_round:auto_awq', bits: 4, group_size: 4, extra_config: { n: { bits: 16 } } };
  const decoded = await Decoded.of(config(own), {
    'm.qweight': codes('I32', [20, 3], 1),
    'm.qzeros': codes('I32', [5, 3], 2),
    'm.scales': scales('F16', [5, 24], 5),
  });
  expect(decoded.record('m.weight')).toMatchObject({ dtype: 'F16', shape: [24, 20], sha256: '910543e84ca465ab' });
});

test('other formats are refused by name', async () => {
  await expect(Decoded.of(config({ packing_format: 'auto_round:fp8' }), gptq(3, 96, 32, 3))).rejects.toThrow(
    /by AutoRound as "auto_round:fp8"/,
  );
});
