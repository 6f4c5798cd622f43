import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { readRecord, run } from './records.js';
import { TinyCopy } from './tiny-copy.js';

const DOWN = 'model.layers.0.mlp.down_proj.weight';

describe('a quantization_config that was left over plain weights', () => {
  test.each([
    [{}],
    [{ group_size: 64, bits: 4 }],
    [{ load_in_8bit: false, load_in_4bit: false }],
    [{ quant_method: null }],
    [{ quant_method: 'fp8', weight_block_size: [128, 128] }],
    [{ quant_method: 'gptq', bits: 4 }],
  ])('%j: what the reference writes without it', async (quantization) => {
    const { folder } = new TinyCopy().json('config.json', (config) => {
      config.quantization_config = quantization;
    });
    const { result } = await run({ source: folder, output: tempFolder() });
    const written = readFileSync(result.files[0]?.path ?? '');
    const expected = readRecord(join(fixtures, 'Tiny-Verse-2M.expected', 'convert-auto.json'));
    expect(createHash('sha256').update(written).digest('hex')).toBe(expected.sha256);
  });

  test.each([
    [{ quant_method: 'bitsandbytes', load_in_4bit: true }, 'bitsandbytes'],
    [{ quant_method: 'modelopt', quant_algo: 'NVFP4' }, 'modelopt'],
    [{ quant_method: 'compressed-tensors', format: 'nvfp4-pack-quantized' }, 'compressed-tensors'],
  ])('%j, where the reference stops or writes another type: an error that says what is so', async (config, name) => {
    const { folder } = new TinyCopy().json('config.json', (content) => {
      content.quantization_config = config;
    });
    await expect(run({ source: folder, output: tempFolder() })).rejects.toMatchObject({
      name: 'QuantizedSourceError',
      exitCode: 3,
      what: `config.json has a quantization_config (${name}), but no tensor is quantized: all are BF16.`,
      next: expect.stringContaining('remove quantization_config'),
    });
  });
});

test.each(['U8', 'I8', 'BOOL', 'U16', 'I16', 'U32', 'I32', 'U64', 'I64'])('weights of %s are codes', async (dtype) => {
  const bytes = /\d+/.test(dtype) ? Number(/\d+/.exec(dtype)) / 8 : 1;
  const { folder } = new TinyCopy().tensors((tensor) =>
    tensor.name === DOWN ? { ...tensor, dtype, shape: [256, 512], bytes: Buffer.alloc(256 * 512 * bytes, 1) } : tensor,
  );
  await expect(run({ source: folder, quant: 'q8_0', output: tempFolder() })).rejects.toMatchObject({
    name: 'IntegerWeightsError',
    exitCode: 4,
    what: `Tensor ${DOWN} of model.safetensors is of dtype ${dtype}: codes of a quantized checkpoint, not weights.`,
  });
});

test('integers under a method that is not decoded: it is named', async () => {
  const { folder } = new TinyCopy()
    .json('config.json', (config) => {
      config.quantization_config = { quant_method: 'quip', bits: 4 };
    })
    .tensors((tensor) =>
      tensor.name === DOWN
        ? { name: DOWN.replace('weight', 'qweight'), dtype: 'I32', shape: [64, 256], bytes: Buffer.alloc(65536) }
        : tensor,
    );
  await expect(run({ source: folder, output: tempFolder() })).rejects.toMatchObject({
    name: 'QuantizedSourceError',
    message: expect.stringMatching(/quantized already \(quip\): tensor .*down_proj\.qweight .*I32/),
  });
});

test('GPTQ without all of its tensors: the one that is missing is named', async () => {
  const { folder } = new TinyCopy()
    .json('config.json', (config) => {
      config.quantization_config = { quant_method: 'gptq', bits: 4, group_size: 128 };
    })
    .tensors((tensor) =>
      tensor.name === DOWN
        ? { name: DOWN.replace('weight', 'qweight'), dtype: 'I32', shape: [64, 256], bytes: Buffer.alloc(65536) }
        : tensor,
    );
  await expect(run({ source: folder, output: tempFolder() })).rejects.toMatchObject({
    name: 'QuantizedTensorError',
    exitCode: 4,
    message: expect.stringMatching(/its tensor model\.layers\.0\.mlp\.down_proj\.\w+ is missing/),
  });
});

test("MLX's own key names its checkpoints too", async () => {
  const { folder } = new TinyCopy()
    .json('config.json', (config) => {
      config.quantization = { group_size: 64, bits: 4 };
    })
    .tensors((tensor) =>
      tensor.name === DOWN ? { name: DOWN, dtype: 'U32', shape: [256, 64], bytes: Buffer.alloc(65536) } : tensor,
    );
  await expect(run({ source: folder, output: tempFolder() })).rejects.toMatchObject({
    name: 'QuantizedSourceError',
    message: expect.stringMatching(/quantized already \(MLX\): tensor .*down_proj\.weight .*U32/),
  });
});
