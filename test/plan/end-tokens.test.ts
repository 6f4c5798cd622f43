import { plan } from '#src/calls/convert.js';
import type { ConversionParams } from '#src/plan/params.js';
import { generate } from '#src/runner/generate/generate.js';
import { StrictError } from '#src/warnings.js';
import { finish, run } from '../calls/records.js';
import { TinyCopy } from '../calls/tiny-copy.js';
import { tempFolder } from '../temp.js';

async function warningsOf(copy: TinyCopy, params: Partial<ConversionParams> = {}): Promise<string[]> {
  const warnings: string[] = [];
  await plan({ source: copy.folder, preTokenizer: 'llama-bpe', ...params }, (event) => {
    if (event.event === 'warning') {
      warnings.push(event.what);
    }
  });
  return warnings;
}

/** Its end token under a name that llama.cpp does not know, and no file that says what it is for. */
function withoutEnd(): TinyCopy {
  return new TinyCopy()
    .json('tokenizer_config.json', (config) => {
      delete config.eos_token;
    })
    .json('tokenizer.json', (tokenizer) => {
      const text = JSON.stringify(tokenizer).replaceAll('<|end_of_text|>', '<|fin|>');
      Object.assign(tokenizer, JSON.parse(text), { post_processor: null });
    });
}

const ends = (ids: number | number[]) => (config: Record<string, unknown>) => {
  config.eos_token_id = ids;
};

test('the end token that the file has, and those that llama.cpp knows by their text: nothing is said', async () => {
  expect(await warningsOf(new TinyCopy(), { strict: true })).toEqual([]);
  const known = new TinyCopy().json('generation_config.json', ends([5, 1023])).json('tokenizer.json', (tokenizer) => {
    const { vocab } = tokenizer.model as { vocab: Record<string, number> };
    const [text = ''] = Object.entries(vocab).find(([, id]) => id === 5) ?? [];
    delete vocab[text];
    vocab['<|im_end|>'] = 5;
  });
  expect((await warningsOf(known)).filter((what) => /end/.test(what) && /generation_config/.test(what))).toEqual([]);
});

test('generation_config.json ends at tokens that the file does not', async () => {
  const copy = new TinyCopy().json('generation_config.json', ends([5, 6, 1023]));
  expect(await warningsOf(copy)).toEqual([
    expect.stringMatching(
      /^generation_config\.json ends a text at 5, 6, 1023, but llama\.cpp goes on after 5 \(".*"\), 6 \(".*"\)\.$/,
    ),
  ]);
  await expect(warningsOf(copy, { strict: true })).rejects.toThrow(StrictError);
});

test('a list in config.json, which the converter leaves out: llama.cpp takes its 11th token', async () => {
  const copy = withoutEnd()
    .json('config.json', ends([5, 6]))
    .json('generation_config.json', ends([5, 6]));
  expect(await warningsOf(copy)).toEqual([
    expect.stringMatching(/goes on after 5 \(".*"\), 6 \(".*"\) and takes 11 \(","\) for the end/),
  ]);
});

test('no word of an end anywhere, in a conversion and in a run of its file', async () => {
  const copy = withoutEnd();
  for (const name of ['config.json', 'generation_config.json']) {
    copy.json(name, (config) => {
      delete config.eos_token_id;
    });
  }
  expect(await warningsOf(copy)).toEqual([
    expect.stringMatching(/^Neither the tokenizer nor config\.json names a token .* takes 11 \(","\) for the end/),
  ]);
  const { result } = await run({ source: copy.folder, output: tempFolder(), preTokenizer: 'llama-bpe' });
  const source = result.files[0]?.path ?? '';
  const said: string[] = [];
  await finish(generate({ source, prompt: 'In the', maxTokens: 1 }), (event) => {
    if (event.event === 'warning') {
      said.push(event.what);
    }
  });
  expect(said).toEqual([`${source} names no token that ends a text, so 11 (",") is taken for it, as llama.cpp does.`]);
});
