import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { data, fixtures } from '../paths.js';
import { askLlama } from '../peer/ask.js';
import { peerMissing } from '../peer/ggml.js';
import { distance, lastLogits, readCase, toF32 } from './logits.js';

const CLOSE = 1e-5;

/** llama.cpp computes YaRN's attention factor anew; transformers takes the one in config.json, 1.25 here for 1.277. */
const FAR_FROM_LLAMA: Readonly<Record<string, number>> = { 'llama-yarn-bias': 2e-3 };

const FIXTURES = readdirSync(join(fixtures, 'corpus-logits')).map((file) => basename(file, '.json'));
const OTHERS = [
  ...['llama-merge', 'llama-yarn-bias', 'mistral', 'qwen2', 'smollm3', 'iquest-coder', 'llama-model'],
  ...['llama-linear-bin', 'mistral-openhermes'],
];

function checkCase(folder: string, name: string): void {
  const { record, source } = readCase(folder, name);

  test('its f32 file gives the logits that transformers gives', async () => {
    expect(distance(await lastLogits(await toF32(source), record.ids), record.logits)).toBeLessThan(CLOSE);
  });

  test('its checkpoint gives what its f32 file gives, to the bit', async () => {
    expect(await lastLogits(source, record.ids)).toEqual(await lastLogits(await toF32(source), record.ids));
  });

  test.each([1, 5])('tokens in runs of %d give what all at once give, to the bit', async (step) => {
    expect(await lastLogits(source, record.ids, { step })).toEqual(await lastLogits(source, record.ids));
  });

  const title = 'llama.cpp gives the same from its f32 file';
  (peerMissing === undefined ? test : test.skip)(
    `${title}${peerMissing ? ` (skipped: ${peerMissing})` : ''}`,
    async () => {
      const file = await toF32(source);
      const theirs = askLlama(file, [{ ids: record.ids, count: 0 }])[0]?.logits ?? [];
      expect(distance(await lastLogits(file, record.ids), theirs)).toBeLessThan(FAR_FROM_LLAMA[name] ?? CLOSE);
    },
  );
}

describe.each(FIXTURES)('%s', (name) => checkCase(fixtures, name));

if (data === undefined) {
  test.skip(`${OTHERS.join(', ')} (skipped: HF2GGUF_DATA is not set)`, () => {});
} else {
  const folder = data;
  describe.each(OTHERS)('%s', (name) => checkCase(folder, name));
}
