import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encoderOf } from '../hf-tokenizer/auto.js';
import { fixtures } from '../paths.js';
import { askLlama } from '../peer/ask.js';
import { peerMissing } from '../peer/ggml.js';
import { tempFolder } from '../temp.js';
import { run } from './records.js';

interface Continuation {
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly continuation: readonly number[];
  /** Distance of the best logit from the second, for each token. */
  readonly margins: readonly number[];
}

const { cases } = JSON.parse(readFileSync(join(fixtures, 'Tiny-Verse-2M.expected/continuation.json'), 'utf8')) as {
  cases: readonly Continuation[];
};

/** Below this, rounding decides between two tokens. */
const CLOSE = 1e-3;

function clearTokens({ continuation, margins }: Continuation): number[] {
  const close = margins.findIndex((margin) => margin < CLOSE);
  return continuation.slice(0, close === -1 ? undefined : close);
}

const source = join(fixtures, 'Tiny-Verse-2M');
const title = peerMissing === undefined ? 'loaded by llama.cpp' : `loaded by llama.cpp (skipped: ${peerMissing})`;

(peerMissing === undefined ? describe : describe.skip)(title, () => {
  test.each(['f32', 'bf16'] as const)('a %s file continues the prompts as transformers does', async (outtype) => {
    const { result } = await run({ source, outtype, output: tempFolder() });
    const expected = cases.map(clearTokens);
    const questions = cases.map(({ ids }, i) => ({ ids, count: expected[i]?.length ?? 0 }));
    const answers = askLlama(result.files[0]?.path ?? '', questions);
    expect(Math.min(...expected.map((tokens) => tokens.length))).toBeGreaterThan(20);
    expect(answers.map(({ tokens }) => tokens)).toEqual(expected);
  });

  test('a q4_k_m file speaks: its logits stay close to those of the whole model', async () => {
    const out = tempFolder();
    await run({ source, outtype: 'f32', output: out });
    await run({ source, quant: 'q4_k_m', output: out });
    const [whole = [], quantized = []] = ['F32', 'Q4_K_M'].map((type) => {
      const path = join(out, `Tiny-Verse-2M-${type}.gguf`);
      return askLlama(path, [{ ids: cases[0]?.ids ?? [], count: 1 }])[0]?.logits;
    });
    const difference = Math.hypot(...whole.map((value, i) => value - (quantized[i] ?? 0)));
    expect(whole).toHaveLength(1024);
    expect(difference / Math.hypot(...whole)).toBeLessThan(0.15);
  });
});

test('the prompts are encoded as given', () => {
  const json = JSON.parse(readFileSync(join(source, 'tokenizer.json'), 'utf8'));
  const encoder = encoderOf(json, JSON.parse(readFileSync(join(source, 'tokenizer_config.json'), 'utf8')));
  expect(cases.map(({ prompt }) => encoder.encode(prompt))).toEqual(cases.map(({ ids }) => ids));
});
