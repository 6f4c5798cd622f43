import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/conversions.js';
import { inspectModel } from '#src/plan/inspect-model.js';
import { TinyCopy } from '../calls/tiny-copy.js';
import { readTensors, writeTensors } from '../checkpoint/tensors.js';
import { run } from '../cli/run.js';
import { tempFolder } from '../temp.js';

const DOWN = 'model.layers.0.mlp.down_proj.weight';

/** Tiny-Verse with one matrix [256, 512] of 8-bit floats and their scales of blocks. */
function withFloat8(): string {
  const { folder } = new TinyCopy()
    .json('config.json', (config) => {
      config.quantization_config = { quant_method: 'fp8', weight_block_size: [128, 128] };
    })
    .tensors((tensor) =>
      tensor.name === DOWN ? { ...tensor, dtype: 'F8_E4M3', bytes: Buffer.alloc(256 * 512, 0x38) } : tensor,
    );
  const path = join(folder, 'model.safetensors');
  const scales = { name: `${DOWN}_scale_inv`, dtype: 'F32', shape: [2, 4], bytes: Buffer.alloc(32) };
  writeTensors(path, [...readTensors(path), scales]);
  return folder;
}

const KEPT = [
  { kept: 'BF16', tensors: 28, parameters: 1_902_336, bytes: 3_804_672 },
  { kept: 'FP8', tensors: 1, parameters: 131_072, bytes: 131_072 + 32 },
];

test('how weights are kept, in a plan and by itself', async () => {
  const source = withFloat8();
  expect((await plan({ source, output: tempFolder() })).kept).toEqual(KEPT);
  const model = await inspectModel({ source });
  expect(model).toMatchObject({ class: 'LlamaForCausalLM', architecture: 'llama', revision: null, kept: KEPT });
  expect(model.tensors.find(({ name }) => name === DOWN)).toEqual({ name: DOWN, kept: 'FP8', shape: [256, 512] });
  expect(model.tensors.map(({ name }) => name)).not.toContain(`${DOWN}_scale_inv`);
});

test('inspect shows a model; a class that does not convert, too', async () => {
  const source = withFloat8();
  const shown = await run(['inspect', source]);
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(/LlamaForCausalLM, converts as llama; 2\.0 M parameters in 29 tensors/);
  expect(shown.out).toMatch(/FP8 +1 +131,072 +6\.4 % +128\.0 KiB/);
  const { folder } = new TinyCopy().json('config.json', (config) => {
    config.architectures = ['NewForCausalLM'];
  });
  const unknown = await run(['inspect', folder, '--json']);
  expect(JSON.parse(unknown.out)).toMatchObject({ class: 'NewForCausalLM', architecture: null });
  expect(readFileSync(join(folder, 'config.json'), 'utf8')).toContain('NewForCausalLM');
});

test('scales that are missing or of another size are named', async () => {
  const source = withFloat8();
  const path = join(source, 'model.safetensors');
  const tensors = readTensors(path);
  writeTensors(
    path,
    tensors.map((tensor) =>
      tensor.name.endsWith('_inv') ? { ...tensor, shape: [1, 4], bytes: Buffer.alloc(16) } : tensor,
    ),
  );
  await expect(inspectModel({ source })).rejects.toMatchObject({
    name: 'QuantizedTensorError',
    what: `Tensor ${DOWN} is [256, 512], and its scales [1, 4] are for blocks of [128, 128].`,
  });
});
