import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import type { ConversionParams } from '#src/plan/params.js';
import { TinyCopy } from './tiny-copy.js';

/** llama_ftype of llama.cpp v0.5.0. */
const [F16, BF16] = [1, 32];

async function fileType(params: ConversionParams): Promise<unknown> {
  const { files } = await plan({ ...params, vocabOnly: true });
  return new Map(files[0]?.kv).get('general.file_type')?.value;
}

test('a vocabulary alone has the file type that auto guesses from the weights', async () => {
  const { folder: source } = new TinyCopy();
  expect(await fileType({ source })).toBe(BF16);
  expect(await fileType({ source, outtype: 'f16' })).toBe(F16);
});

test('without weights it is float16', async () => {
  const { folder: source } = new TinyCopy();
  rmSync(join(source, 'model.safetensors'));
  expect(await fileType({ source })).toBe(F16);
});
