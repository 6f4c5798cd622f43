import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecord, sha256 } from '../calls/records.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { run } from './run.js';

const tinyVerse = join(fixtures, 'Tiny-Verse-2M');
const narrow = join(fixtures, 'corpus/llama/source/Tiny-Llama-3-8B-Instruct');

/** A repository of nothing but a configuration. */
function withConfig(config: object): string {
  const folder = join(tempFolder(), 'model');
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

test('the help has examples and the exit codes', async () => {
  const { code, out } = await run(['--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/hf2gguf \S+ --quant q4_k_m/);
  expect(out).toMatch(/Exit codes:[\s\S]*7 refused by --strict or a limit/);
});

test('archs lists the classes, and their GGUF names', async () => {
  const { out } = await run(['archs']);
  for (const line of [
    /^LlamaForCausalLM +llama /m,
    /^Ministral3ForCausalLM +mistral3 /m,
    /^Qwen3ForCausalLM +qwen3 /m,
  ]) {
    expect(out).toMatch(line);
  }
});

test('a conversion in a pipe prints plain lines, and the file on stdout', async () => {
  const out = tempFolder();
  const done = await run([tinyVerse, '--quant', 'q4_k_m', '--out', out]);
  const path = join(out, 'Tiny-Verse-2M-Q4_K_M.gguf');
  expect(done.code).toBe(0);
  expect(done.out).toBe(`${path}  1.23 MiB  Q4_K_M  4.96 bits per weight\n`);
  expect(done.err).not.toMatch(/\r/);
  expect(done.err).toMatch(/^100 % {2}.* MiB\/s/m);
  expect(sha256(path)).toBe(readRecord(join(fixtures, 'Tiny-Verse-2M.expected/quantize-Q4_K_M.json')).sha256);
});

test('--json: one event a line, from the first phase to the result', async () => {
  const out = tempFolder();
  const done = await run([tinyVerse, '--outtype', 'f16', '--out', join(out, 'model-{ftype}.gguf'), '--json']);
  const events = done.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events[0]).toMatchObject({ event: 'start', schema: 1, command: 'convert' });
  expect(events[1]).toEqual({ event: 'phase', phase: 'open', step: 1, steps: 4 });
  expect(events.at(-1)).toMatchObject({
    event: 'done',
    result: { files: [{ path: join(out, 'model-f16.gguf'), type: 'F16' }] },
  });
  expect(readdirSync(out)).toEqual(['model-f16.gguf']);
});

test('--dry-run prints tensors, types, reasons and sizes, and writes nothing', async () => {
  const out = tempFolder();
  const done = await run([tinyVerse, '--quant', 'q4_k_m,q8_0', '--dry-run', '--out', out]);
  expect(done.code).toBe(0);
  expect(done.out).toMatch(/Tiny-Verse-2M-Q4_K_M\.gguf: 1\.23 MiB \(1289408 bytes\)/);
  expect(done.out).toMatch(/^Reads [^\n]* of disk\.\n\n/m);
  expect(done.out).toMatch(/^blk\.0-2\.attn_v\.weight +BF16 +Q8_0 +3 /m);
  const whole = await run([tinyVerse, '--quant', 'q4_k_m', '--dry-run', '--verbose']);
  expect(whole.out).toMatch(/^blk\.2\.attn_v\.weight +BF16 +Q6_K +256 × 128 +26\.3 KiB +values, more bits$/m);
  expect(readdirSync(out)).toEqual([]);
});

test('--dry-run --json is the plan', async () => {
  const { out } = await run([tinyVerse, '--quant', 'q4_k_m', '--dry-run', '--json']);
  const plan = JSON.parse(out) as { files: { size: number; tensors: { name: string }[]; kv: [string, object][] }[] };
  expect(plan.files[0]?.size).toBe(1289408);
  expect(plan.files[0]?.tensors).toHaveLength(29);
  expect(new Map(plan.files[0]?.kv).get('tokenizer.ggml.tokens')).toMatchObject({ type: 'array', length: 1024 });
});

test('--strict refuses a file whose rows force other types, with exit code 7 and no file', async () => {
  const out = tempFolder();
  const done = await run([narrow, '--quant', 'q4_k_m', '--pre-tokenizer', 'llama-bpe', '--strict', '--out', out]);
  expect(done.code).toBe(7);
  expect(done.err).toMatch(/row length 64 is not a multiple of 256[\s\S]*--strict/);
  expect(readdirSync(out)).toEqual([]);
});

test('a file made of other types than asked for carries a warning', async () => {
  const done = await run([narrow, '--quant', 'q4_k_m', '--pre-tokenizer', 'llama-bpe', '--out', tempFolder()]);
  expect(done.code).toBe(0);
  expect(done.err).toMatch(/Warning: \d+\.\d % of the parameters don't get the type that Q4_K_M asks for/);
});

describe('what goes wrong is a sentence and an exit code', () => {
  const llama = { architectures: ['LlamaForCausalLM'], model_type: 'llama' };
  test.each<[string, () => string[], number, RegExp]>([
    ['an unknown option', () => [tinyVerse, '--quantise'], 2, /unknown option '--quantise'/],
    ['nothing: the help', () => [], 2, /Usage: hf2gguf/],
    ['no source', () => ['--quant', 'q8_0'], 2, /^hf2gguf: missing required argument 'source'$/m],
    [
      'an unknown type',
      () => [tinyVerse, '--quant', 'q9'],
      2,
      /The quantization q9 is not known\. hf2gguf types lists them/,
    ],
    [
      'an unknown outtype',
      () => [tinyVerse, '--outtype', 'q4_0'],
      2,
      /--outtype q4_0 is no type that the converter writes\. Use --quant q4_0/,
    ],
    ['no size', () => [tinyVerse, '--max-memory', 'lots'], 2, /--max-memory lots is no size/],
    ['no number of workers', () => [tinyVerse, '--jobs', '0'], 2, /--jobs is 0/],
    [
      'two types under one name',
      () => [tinyVerse, '--quant', 'q4_0,q8_0', '--out', 'x.gguf'],
      2,
      /gives 2 files one name/,
    ],
    ['a folder that is not there', () => ['./nowhere'], 4, /nowhere/],
    ['quantizing what is quantized', () => [tinyVerse, '--outtype', 'q8_0', '--quant', 'q4_0'], 3, /quantized already/],
    [
      'an unknown class',
      () => [withConfig({ architectures: ['QwenForCausalLM'], model_type: 'qwen' })],
      3,
      /QwenForCausalLM is not supported\. hf2gguf archs lists/,
    ],
    ['no config.json', () => [join(fixtures, 'Tiny-Verse-2M.expected')], 4, /has no config\.json/],
    ['no weights', () => [withConfig(llama)], 4, /no model\*\.safetensors/],
    ['a Hub name without a network', () => ['org/model'], 5, /HF_HUB_OFFLINE/],
  ])('%s', async (_, args, code, sentence) => {
    const done = await run(args());
    expect(done.err).toMatch(sentence);
    expect(done.err).not.toMatch(/\n\s+at /);
    expect(done.code).toBe(code);
  });

  test('with --json it is an event too', async () => {
    const { out } = await run([withConfig(llama), '--json']);
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toMatchObject({
      event: 'error',
      name: 'MissingWeightsError',
      what: expect.stringMatching(/no model\*\.safetensors/),
      next: expect.stringMatching(/\.$/),
      exitCode: 4,
    });
  });

  test.each<[string, string[], object]>([
    ['an unknown option', [tinyVerse, '--quanti', '--json'], { what: "Unknown option '--quanti'.", next: /quant/ }],
    ['a missing argument', ['inspect', '--json'], { what: "Missing required argument 'source'." }],
    ['a bad number', [tinyVerse, '--jobs', 'x', '--json'], { what: /--jobs/ }],
    ['a wrong request', [tinyVerse, '--quant', 'q9', '--json'], { what: /q9/ }],
    ['a dry run', [tinyVerse, '--quant', 'q9', '--json', '--dry-run'], { what: /q9/ }],
  ])('with --json, %s is an event on the last line', async (_, args, expected) => {
    const { out, code } = await run(args);
    const wanted = Object.entries(expected).map(([key, value]) => {
      return [key, value instanceof RegExp ? expect.stringMatching(value) : value];
    });
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toMatchObject({
      ...{ event: 'error', name: expect.stringMatching(/Error$/), next: expect.any(String), exitCode: 2 },
      ...Object.fromEntries(wanted),
    });
    expect(code).toBe(2);
  });
});
