import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { writeFiles } from '../repo/kit.js';
import { tempFolder } from '../temp.js';
import { run } from './run.js';

const tiny = join(fixtures, 'Tiny-Verse-2M');
// For all tests, after each of which other folders go.
const root = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
const gguf = join(root, 'org/files/tiny-F16.gguf');
let hub: LoopbackHub;

/** As a user with this Hub runs it. */
const online = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(args, { HF_HUB_OFFLINE: '0', HF_ENDPOINT: hub.endpoint, HF_HOME: tempFolder(), ...env });

beforeAll(async () => {
  cpSync(tiny, join(root, 'org/model'), { recursive: true });
  await run([tiny, '--outtype', 'f16', '--out', gguf]);
  writeFiles(root, {
    'org/files/tiny-Q8_0.gguf': 'GGUF',
    'datasets/org/data/train.parquet': '',
    'spaces/org/app/app.py': '',
    'org/adapter/adapter_config.json': JSON.stringify({ base_model_name_or_path: 'org/base' }),
    'org/adapter/adapter_model.safetensors': '',
  });
  hub = await startHub(root);
});

afterAll(async () => {
  await hub.close();
  rmSync(root, { recursive: true });
});

describe('a senseless request is refused before any host is asked', () => {
  test.each<[string[], RegExp]>([
    [['--quant', 'q4_k_n'], /The quantization q4_k_n is not known\. Did you mean .*Q4_K_M/],
    [['--quant', 'nonsense'], /^hf2gguf: The quantization nonsense is not known\. hf2gguf types lists them\.$/m],
    [['--quant', ''], /is empty/],
    [['--quant', 'q4_k_m,,q8_0'], /A type is missing at a comma of q4_k_m,,q8_0/],
    [['--outtype', 'q4_0'], /Use --quant q4_0/],
    [['--pure'], /--pure has no effect without --quant/],
    [['--quant', 'q4_0', '--tensor-type', 'x'], /is not NAME=TYPE/],
    [['--quant', 'q4_0', '--tensor-type', 'x=q4_k_m'], /Did you mean Q4_K/],
    [['--quant', 'q4_0', '--override-kv', 'a=b'], /it has no key, type or value/],
    [['--quant', 'q4_0', '--prune-layers', 'x'], /"x" is no layer/],
    [['--quant', 'q4_0', '--include-weights', 'x'], /none is given/],
    [['--target-size', 'lots'], /--target-size lots is no size/],
    [['--target-bpw', '0'], /--target-bpw is 0/],
    [['--jobs', '0'], /--jobs is 0, which is no whole number from 1 on \(threads\)/],
    [['--jobs', '1e99'], /--jobs is 1e\+99/],
    [['--jobs', '0x10'], /It is no number/],
    [['--out', ''], /--out is empty/],
    [['--out', 'a', '-o', 'b'], /--out is given twice/],
    [['--out', 'a', '--outfile', 'b'], /The output is given twice: a and b/],
    [['--arch', 'quen3'], /Did you mean qwen3/],
    [['--pre-tokenizer', 'nonsense'], /hf2gguf archs --pre-tokenizers lists them/],
    [['--vocab-only', '--quant', 'q4_0'], /nothing to quantize/],
    [['--quant', 'q4_0', '--max-kld', '-1'], /--max-kld is -1/],
    [['--quant', 'q4_0', '--check-chunks', '0'], /--chunks is 0/],
    [['q4_k_m', 'and', 'q8_0'], /There is a word too many: and\./],
  ])('%j', async (args, sentence) => {
    const before = hub.seen.length;
    const { code, out, err } = await online(['org/model', ...args]);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/Reading the headers/);
    expect([code, out, hub.seen.length - before]).toEqual([2, '', 0]);
  });

  test.each<[NodeJS.ProcessEnv, RegExp]>([
    [{ HF_HUB_DOWNLOAD_TIMEOUT: 'abc' }, /HF_HUB_DOWNLOAD_TIMEOUT is "abc", where a number of seconds is meant/],
    [{ HF2GGUF_MAX_WAIT: '10m' }, /HF2GGUF_MAX_WAIT is "10m", where a number of seconds is meant/],
    [{ HF_HUB_OFFLINE: 'perhaps' }, /HF_HUB_OFFLINE is "perhaps", where 1 or 0 is meant/],
    [{ HF2GGUF_TARGET: 'foo' }, /HF2GGUF_TARGET is "foo"/],
  ])('%j', async (env, sentence) => {
    const before = hub.seen.length;
    const { code, err } = await online(['org/model'], env);
    expect(err).toMatch(sentence);
    expect([code, hub.seen.length - before]).toEqual([2, 0]);
  });

  test.each([
    ['--imatrix', 'nosuch.gguf'],
    ['--imatrix', 'nosuch.dat'],
    ['--tensor-type-file', 'nosuch.txt'],
    ['--metadata', 'nosuch.json'],
    ['--check-text', 'nosuch.txt'],
  ])('a file that %s names and that is not there', async (...args) => {
    const before = hub.seen.length;
    const { code, err } = await online(['org/model', '--quant', 'q4_0', ...args]);
    expect(err).toMatch(/nosuch\.\w+ (does not exist|cannot be read)/);
    expect([code, hub.seen.length - before]).toEqual([4, 0]);
  });
});

describe('a first word that is no source', () => {
  test.each<[string[], number, RegExp]>([
    [['isnpect'], 2, /There is no command isnpect\. Did you mean inspect\?/],
    [['isnpect', 'x.gguf'], 2, /Did you mean inspect\?/],
    [['quantise', 'x.gguf', 'q4_0'], 2, /Did you mean quantize\?/],
    [['nosuch.gguf'], 4, /nosuch\.gguf does not exist/],
    [['inspect', 'nosuch.gguf'], 4, /nosuch\.gguf does not exist/],
    [['quantize', 'nosuch.gguf', 'q4_0'], 4, /nosuch\.gguf does not exist/],
    [['https://example.com/org/model'], 2, /no address at the Hub's host/],
    [['datasets/org/name'], 2, /is a dataset/],
  ])('%j', async (args, code, sentence) => {
    const before = hub.seen.length;
    const done = await online(args);
    expect(done.err).toMatch(sentence);
    expect([done.code, hub.seen.length - before]).toEqual([code, 0]);
  });
});

test.each([
  [['quantize', gguf, 'q4_k_n', 'q8_0'], /The quantization q4_k_n is not known\. Did you mean/],
  [[tiny, 'q4'], /The quantization q4 is not known\. Did you mean Q4_0/],
])('%j: a misspelt type is no file', async (args, sentence) => {
  const { code, err } = await run(args);
  expect([code, err]).toEqual([2, expect.stringMatching(sentence)]);
});

test('names to choose from an importance matrix by that are not in it', async () => {
  const imatrix = join(tempFolder(), 'imatrix.gguf');
  await run(['imatrix', gguf, '--chunks', '1', '--ctx', '64', '-o', imatrix]);
  const command = ['quantize', gguf, 'q4_0', '--imatrix', imatrix, '--exclude-weights', 'ffn_dwn', '--dry-run'];
  const warned = await run(command);
  expect([warned.code, warned.err]).toEqual([0, expect.stringMatching(/--exclude-weights ffn_dwn has no effect/)]);
  expect((await run([...command, '--strict'])).code).toBe(7);
});

describe('types are understood', () => {
  test.each<[string[], string[]]>([
    [['--quant', 'q4km'], ['Q4_K_M']],
    [
      ['--quant', 'Q4-K-M,bfloat16'],
      ['BF16', 'Q4_K_M'],
    ],
    [
      ['-q', 'q4_0', '-q', 'q8_0'],
      ['Q4_0', 'Q8_0'],
    ],
    [
      ['--quant', 'q4_0', 'q8_0'],
      ['Q4_0', 'Q8_0'],
    ],
    [
      ['--quant', 'q4_0,', 'q8_0'],
      ['Q4_0', 'Q8_0'],
    ],
    [['--outtype', 'fp16'], ['F16']],
  ])('%j', async (args, types) => {
    const out = tempFolder();
    const { code, err } = await run([tiny, ...args, '-o', out]);
    expect([code, err]).toEqual([0, expect.anything()]);
    expect(readdirSync(out).sort()).toEqual(types.map((type) => `Tiny-Verse-2M-${type}.gguf`));
  });
});

describe('a GGUF file and a model, each given where the other is usual', () => {
  /** The bytes of the one file that a command line writes. */
  async function written(args: readonly string[]): Promise<Buffer> {
    const out = tempFolder();
    const { code, err } = await online([...args, '-o', out]);
    expect([code, err]).toEqual([0, expect.anything()]);
    const [name = ''] = readdirSync(out);
    return readFileSync(join(out, name));
  }

  test('a GGUF file is quantized, wherever it lies', async () => {
    const expected = await written(['quantize', gguf, '-q', 'q8_0']);
    for (const source of [
      gguf,
      'org/files:tiny-F16.gguf',
      'org/files:f16',
      `${hub.endpoint}/org/files/blob/main/tiny-F16.gguf?download=true`,
    ]) {
      expect((await written([source, '--quant', 'q8_0'])).equals(expected)).toBe(true);
    }
  });

  test('a model is converted on its way', async () => {
    const expected = await written([tiny, '--quant', 'q8_0']);
    expect((await written(['quantize', tiny, 'q8_0'])).equals(expected)).toBe(true);
    expect((await written(['convert', tiny, 'q8_0'])).equals(expected)).toBe(true);
  });

  test('options of the other kind are refused', async () => {
    const named = await run([gguf, '--quant', 'q8_0', '--model-name', 'x']);
    expect([named.code, named.err]).toEqual([
      2,
      expect.stringMatching(/--model-name has no effect on .*, a GGUF file/),
    ]);
    const split = await run(['quantize', tiny, 'q8_0', '--keep-split']);
    expect([split.code, split.err]).toEqual([2, expect.stringMatching(/--keep-split has no effect on/)]);
  });
});

test.each<[string[], number, RegExp]>([
  [
    ['org/files', '--quant', 'q4_0'],
    4,
    /org\/files holds GGUF files \(.*\) and no model .*`hf2gguf quantize org\/files:tiny-F16\.gguf q4_0`/,
  ],
  [['quantize', 'org/files', 'q4_0'], 4, /org\/files holds GGUF files/],
  [['inspect', 'org/files'], 2, /Name one of its GGUF files: org\/files:tiny-F16\.gguf, org\/files:tiny-Q8_0\.gguf/],
  [['inspect', 'org/files:Q4_K_M'], 4, /org\/files has no file Q4_K_M\. Name one of its GGUF files/],
  [['org/data'], 2, /"org\/data" is a dataset on the Hub, and no model/],
  [['org/app'], 2, /"org\/app" is a Space on the Hub, and no model/],
  [['org/nosuch'], 5, /shows no model org\/nosuch without a token/],
  [['org/adapter'], 3, /org\/adapter holds an adapter \(LoRA\) of org\/base/],
  [['inspect', join(fixtures, 'torch')], 2, /is not a file, but a folder\. It has no GGUF files/],
])('%j: what it is, is said', async (args, code, sentence) => {
  const done = await online(args);
  expect(done.err).toMatch(sentence);
  expect(done.code).toBe(code);
});

test('--revision names what @ does; a token comes from a file', async () => {
  const none = await online(['inspect', 'org/files:tiny-F16.gguf', '--revision', 'nosuch']);
  expect([none.code, none.err]).toEqual([5, expect.stringMatching(/org\/files has no revision "nosuch"/)]);
  const local = await online(['inspect', gguf, '--revision', 'main']);
  expect([local.code, local.err]).toEqual([2, expect.stringMatching(/there are no revisions/)]);
  const file = join(tempFolder(), 'token');
  writeFileSync(file, 'hf_absent\n');
  const wrong = await online(['inspect', 'org/files:tiny-F16.gguf', '--token-file', file]);
  expect([wrong.code, wrong.err]).toEqual([5, expect.stringMatching(/The Hub token was not accepted/)]);
});

describe('options without effect on a model', () => {
  test.each<[string[], RegExp]>([
    [
      ['--tensor-type', 'ffn_dwn=q8_0'],
      /--tensor-type ffn_dwn=q8_0 has no effect: no tensor has such a name\. Did you mean ffn_down\?/,
    ],
    [['--tensor-type', 'attn_norm=q8_0'], /tensors such as blk\.0\.attn_norm\.weight are never quantized/],
    [['--tensor-type', 'ffn=q8_0', '--tensor-type', 'ffn_up=q4_0'], /ffn_up=q4_0 has no effect: a rule before it/],
    [['--leave-output-tensor'], /there is no output\.weight/],
  ])('%j: a warning, and with --strict exit code 7', async (args, sentence) => {
    const command = ['quantize', gguf, 'q4_k_m', ...args, '--dry-run'];
    const warned = await run(command);
    expect([warned.code, warned.err]).toEqual([0, expect.stringMatching(sentence)]);
    const refused = await run([...command, '--strict']);
    expect([refused.code, refused.err]).toEqual([7, expect.stringMatching(sentence)]);
  });
});

test('the least memory and the least size are said', async () => {
  const memory = await run([gguf, '--quant', 'q8_0', '--max-memory', '1', '-o', tempFolder()]);
  expect([memory.code, memory.err]).toEqual([
    6,
    expect.stringMatching(/takes \d+ bytes of buffers, and --max-memory is 1\. Give --max-memory \d+ or more/),
  ]);
  const size = await run([gguf, '--target-size', '1', '--imatrix', 'auto', '-o', tempFolder()]);
  expect([size.code, size.err]).toEqual([
    2,
    expect.stringMatching(/as small as 1 B: with every tensor in its smallest type it has \d+ bytes/),
  ]);
  expect(size.err).not.toMatch(/Running the model/);
});

test.each(['--seed', '--top-k'])('%s without --temp', async (option) => {
  const { code, err } = await run(['run', gguf, '--prompt', 'x', option, '1']);
  expect([code, err]).toEqual([2, expect.stringMatching(`${option} has no effect without --temp`)]);
});
