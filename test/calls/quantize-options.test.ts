import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import type { ConvertEvent } from '#src/calls/events.js';
import { planQuantize, quantize } from '#src/calls/quantize.js';
import { SourceError, UsageError } from '#src/errors.js';
import { edit } from '#src/files/edit.js';
import { inspect } from '#src/gguf-files/inspect.js';
import type { QuantizationParams } from '#src/plan/params.js';
import { StrictError } from '#src/warnings.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { finish } from './records.js';

// Whether what llama-quantize's options make of a file loads.

async function converted(): Promise<string> {
  const { files } = await finish(convert({ source: join(fixtures, 'Tiny-Verse-2M'), output: tempFolder() }));
  return files[0]?.path ?? '';
}

async function edited(set: string, force = false): Promise<string> {
  const output = join(tempFolder(), 'edited.gguf');
  await finish(edit({ source: await converted(), set: [set], force, output }));
  return output;
}

async function warningsOf(params: Omit<QuantizationParams, 'quant'>): Promise<string[]> {
  const warnings: string[] = [];
  const see = (event: ConvertEvent) => event.event === 'warning' && warnings.push(event.what);
  await planQuantize({ ...params, quant: 'q8_0' }, see);
  return warnings;
}

test.each([
  ['llama.context_length=int:-1', /sets llama\.context_length to 1/],
  ['llama.context_length=str:abc', /llama\.context_length is "abc" \(string\), where a value of type u32 belongs/],
  ['llama.block_count=int:7', /no tensors of layer 3, but llama\.block_count is 7/],
  ['tokenizer.ggml.eos_token_id=int:99999', /one of the 1024 tokens/],
])('--override-kv %s is doubtful', async (override, message) => {
  const source = await converted();
  expect(await warningsOf({ source, overrideKv: [override] })).toEqual([expect.stringMatching(message)]);
  await expect(warningsOf({ source, overrideKv: [override], strict: true })).rejects.toThrow(StrictError);
});

test('what is overridden as it should be is not', async () => {
  const source = await converted();
  const overrideKv = ['llama.context_length=int:1024', 'general.name=str:Other', 'my.key=int:3'];
  expect(await warningsOf({ source, overrideKv })).toEqual([]);
});

test('an override of a key that nobody knows, of another type', async () => {
  const source = await edited('my.key=string:x');
  const warnings = await warningsOf({ source, overrideKv: ['my.key=int:3'] });
  expect(warnings).toEqual([expect.stringMatching(/my\.key, which is of type string, a u32/)]);
});

test('a file that does not load is not quantized', async () => {
  const source = await edited('llama.block_count=4', true);
  await expect(planQuantize({ source, quant: 'q8_0' })).rejects.toThrow(SourceError);
  await expect(planQuantize({ source, quant: 'q8_0' })).rejects.toThrow(/no tensors of layer 3/);
});

test('pruned layers take their entries of lists with them', async () => {
  const source = await edited('llama.attention.head_count_kv=u32[]:[2,2,2]');
  const output = join(tempFolder(), 'pruned.gguf');
  await finish(quantize({ source, quant: 'q8_0', pruneLayers: '1', output }));
  const kv = new Map((await inspect({ source: output })).kv);
  expect(Array.from(kv.get('llama.attention.head_count_kv')?.value as ArrayLike<number>)).toEqual([2, 2]);
  expect(kv.get('llama.block_count')?.value).toBe(2);
});

test.each([
  ['7', /no layer 7\. The model has the layers 0 to 2/],
  ['0,1,2', /would leave no layer/],
])('--prune-layers %s makes no sense', async (pruneLayers, message) => {
  const source = await converted();
  await expect(planQuantize({ source, quant: 'q8_0', pruneLayers })).rejects.toThrow(UsageError);
  await expect(planQuantize({ source, quant: 'q8_0', pruneLayers })).rejects.toThrow(message);
});
