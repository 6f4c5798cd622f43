import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { plotCheck } from '#src/plot/plot-check.js';
import { type CheckParams, check } from '#src/runner/check.js';
import type { CheckResult } from '#src/runner/check-result.js';
import { readText } from '#src/runner/texts.js';
import { finish } from '../calls/records.js';
import { run } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const tinyVerse = join(fixtures, 'Tiny-Verse-2M');
const expected = join(fixtures, 'Tiny-Verse-2M.expected');
const text = join(expected, 'eval.txt');

interface Reference {
  readonly ppl: number;
  readonly error?: number;
  readonly kld_mean: number;
  readonly kld_99: number;
  readonly same_top_percent: number;
}

/** What llama-perplexity measured on the same text, each file's weights decoded to float32 first. */
const reference = (
  JSON.parse(readFileSync(join(expected, 'perplexity.json'), 'utf8')) as {
    weights_only: { models: Record<string, Reference> };
  }
).weights_only.models;

const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
const file = (type: string) => join(folder, `Tiny-Verse-2M-${type}.gguf`);
const checked = (params: CheckParams): Promise<CheckResult> => finish(check(params));
/** Relative difference. */
const apart = (value: number | undefined, from: number | undefined) =>
  Math.abs((value ?? Number.NaN) / (from ?? 0) - 1);

beforeAll(() =>
  finish(convert({ source: tinyVerse, outtype: 'f32', quant: ['f32', 'q8_0', 'q4_k_m', 'q2_k'], output: folder })),
);
afterAll(() => rmSync(folder, { recursive: true }));

test('perplexity, divergence and agreement are those of llama-perplexity', async () => {
  const types = ['Q8_0', 'Q4_K_M', 'Q2_K'];
  const { base, models } = await checked({ source: types.map(file), against: file('F32'), text, chunks: 32 });
  expect(apart(base?.perplexity.value, reference.f32?.ppl)).toBeLessThan(1e-4);
  expect(apart(base?.perplexity.error, reference.f32?.error)).toBeLessThan(1e-3);
  expect(models.map(({ type }) => type)).toEqual(types);
  for (const { type, perplexity, divergence } of models) {
    const figures = reference[type?.toLowerCase() ?? ''];
    expect(apart(perplexity.value, figures?.ppl)).toBeLessThan(1e-4);
    expect(apart(divergence?.kld.value, figures?.kld_mean)).toBeLessThan(0.02);
    expect(apart(divergence?.kld.p99, figures?.kld_99)).toBeLessThan(0.02);
    expect(Math.abs(100 * (divergence?.sameTop.value ?? 0) - (figures?.same_top_percent ?? 0))).toBeLessThan(0.1);
  }
});

test('the checkpoint as a base is what its float32 file is', async () => {
  const params = { source: file('Q4_K_M'), text, chunks: 2 };
  const [source, f32] = [
    await checked({ ...params, against: tinyVerse }),
    await checked({ ...params, against: file('F32') }),
  ];
  expect(source.models).toEqual(f32.models);
  expect(source.base?.perplexity).toEqual(f32.base?.perplexity);
  expect(source.base).toMatchObject({ type: null, bitsPerWeight: 16 });
});

test('events: phases, what is measured so far after each chunk, the result', async () => {
  const events = [];
  for await (const event of check({ source: file('Q8_0'), text, chunks: 3 })) {
    events.push(event);
  }
  expect(events.map(({ event }) => event)).toEqual([
    'phase',
    'phase',
    ...Array(3).fill(['measured', 'progress']).flat(),
    'done',
  ]);
  expect(events[4]).toMatchObject({ models: [{ source: file('Q8_0'), divergence: null }] });
  expect(events[5]).toMatchObject({ unit: 'chunks', done: 2, total: 3 });
  expect(events[8]).toMatchObject({ result: { ctx: 512, chunks: 3, tokens: 765, text, base: null } });
});

test('hf2gguf check prints the figures, or events as JSON lines', async () => {
  const plain = await run(['check', file('Q2_K'), '--against', file('F32'), '--text', text, '--chunks', '2']);
  expect(plain.code).toBe(0);
  expect(plain.out).toMatch(/^perplexity +\d+\.\d{4} +± \d/m);
  expect(plain.out).toMatch(/^KL divergence, mean +0\.0\d+ +± 0\.00/m);
  expect(plain.err).toMatch(/^chunk 1 of 2 .* perplexity \d+\.\d+ ± .* KL divergence 0\.0/m);
  const json = await run(['check', file('Q2_K'), '--text', text, '--chunks', '2', '--json']);
  const events = json.out.trim().split('\n');
  expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({
    event: 'done',
    result: { chunks: 2, models: [{ type: 'Q2_K' }] },
  });
});

test('limits make it a gate', async () => {
  const args = ['check', file('Q2_K'), '--against', file('F32'), '--text', text, '--chunks', '2'];
  const within = await run([...args, '--max-kld', '0.2', '--max-ppl-ratio', '1.5']);
  expect(within.code).toBe(0);
  const kld = await run([...args, '--max-kld', '0.001']);
  expect(kld.code).toBe(7);
  expect(kld.out).toMatch(/KL divergence/);
  expect(kld.err).toMatch(/mean KL divergence of .*Q2_K\.gguf is 0\.0\d+, over 0\.001\./);
  const ratio = await run([...args, '--max-ppl-ratio', '1.0001']);
  expect(ratio.code).toBe(7);
  expect(ratio.err).toMatch(/perplexity ratio of .* is 1\.0\d+, over 1\.0001/);
});

test('--check on a conversion: a table, and a plot of size against divergence', async () => {
  const out = tempFolder();
  const plot = join(out, 'plot.svg');
  const options = ['--check-text', text, '--check-chunks', '2', '--check-plot', plot];
  const done = await run([tinyVerse, '--quant', 'q4_k_m,q2_k', '--out', out, ...options]);
  expect(done.code).toBe(0);
  expect(done.out).toMatch(/^type +size +bits\/weight +perplexity +KL divergence +same top token +file$/m);
  expect(done.out).toMatch(/^Q4_K_M +1\.23 MiB +4\.96 +[\d.]+ ± [\d.]+ +0\.00\d+ ± 0\.\d+ +9\d\.\d+ ± [\d.]+ % /m);
  expect(done.out).toMatch(/^Q2_K +881\.2 KiB +3\.43 /m);
  const svg = readFileSync(plot, 'utf8');
  expect(svg).toMatch(/^<svg [^>]*>[\s\S]*<\/svg>\n$/);
  expect(svg).toMatch(/<title>Q4_K_M: 1\.230 MiB, 0\.00\d+ ± /);
});

test('check --plot draws what --json tells', async () => {
  const plot = join(tempFolder(), 'new/plot.svg');
  const args = ['check', file('Q2_K'), file('Q8_0'), '--text', text, '--chunks', '2', '--plot', plot];
  const done = await run([...args, '--against', file('F32'), '--json', '--max-kld', '1e-9']);
  // A limit that is not held comes after the plot.
  expect(done.code).toBe(7);
  const [, last] = done.out.trim().split('\n').slice(-2).toReversed();
  const { result } = JSON.parse(last ?? '') as { result: CheckResult };
  const labels = (svg: string) => svg.match(/<title>[^<]*/g);
  expect(labels(readFileSync(plot, 'utf8'))).toEqual(labels(await plotCheck(result)));
  expect(labels(readFileSync(plot, 'utf8'))).toHaveLength(3);
  const alone = await run(args);
  expect(alone.code).toBe(2);
  expect(alone.err).toMatch(/--plot needs a model to compare with\. Name it with --against\./);
});

test.each([
  [['check', 'model.gguf', '--plot'], 'plot.png'],
  [[tinyVerse, '--check-plot'], 'svg'],
  [[tinyVerse, '--stats-plot'], '.svg'],
])('%p %s is refused: plots are SVG', async (args, path) => {
  const out = tempFolder();
  const done = await run([...args, join(out, path)]);
  expect(done.code).toBe(2);
  expect(done.err).toMatch(/Plots are SVG documents: give a name that ends in \.svg\./);
  expect(readdirSync(out)).toEqual([]);
});

test('--check --json: one list of events; the last but the error has the files and how they are', async () => {
  const out = tempFolder();
  const check = ['--check', '--check-chunks', '1', '--max-kld', '1e-9'];
  const done = await run([tinyVerse, '--quant', 'q8_0', '--out', out, ...check, '--json']);
  const events = done.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; phase?: string });
  expect(done.code).toBe(7);
  const order = events.map(({ event, phase }) => (event === 'phase' ? phase : event));
  expect(order.slice(order.indexOf('flush'))).toEqual([
    'flush',
    'file',
    'check',
    'measured',
    'progress',
    'done',
    'error',
  ]);
  expect(events.at(-2)).toMatchObject({
    result: { files: [{ type: 'Q8_0' }], check: { text: null, chunks: 1, models: [{ type: 'Q8_0' }] } },
  });
  expect(events.at(-1)).toMatchObject({ name: 'QualityGateError', exitCode: 7 });
});

test.each([
  [['--max-kld', '0.1'], 2, /--max-kld needs a model to compare with/],
  [['--against', 'x.gguf', '--max-kld', 'much'], 2, /'--max-kld <x>' argument 'much' is invalid\. It is no number/],
  [['--chunks', '0'], 2, /--chunks is 0/],
  [['--jobs', '0'], 2, /--jobs is 0/],
  [['--ctx', '3'], 2, /--ctx is 3/],
  [['--ctx', '20000', '--chunks', '1'], 2, /two chunks of 20000 are needed/],
  [['--text', '/nonexistent/text'], 4, /\/nonexistent\/text cannot be read/],
  [['--against', '/nonexistent/model.gguf'], 4, /no file model\.gguf|does not exist/],
])('%p is refused', async (args, code, message) => {
  const done = await run(['check', file('Q8_0'), ...args]);
  expect(done.err).toMatch(message);
  expect(done.code).toBe(code);
});

test('what is wrong with a check is found before anything is written', async () => {
  const out = tempFolder();
  const done = await run([tinyVerse, '--out', join(out, 'a.gguf'), '--check-text', join(out, 'none.txt')]);
  expect(done.code).toBe(4);
  expect(done.err).toMatch(/none\.txt cannot be read/);
  expect(done.out).toBe('');
  const vocabulary = await run([tinyVerse, '--out', join(out, 'a.gguf'), '--vocab-only', '--check']);
  expect(vocabulary.code).toBe(2);
});

test('texts: the bundled ones are long enough and apart, files lose their last line end, binary ones are refused', async () => {
  const [calibration, checking] = [await readText(null, 'calibration'), await readText(null, 'check')];
  const sentences = (whole: string) => whole.split(/[.?!]\s/).filter((sentence) => sentence.length > 20);
  expect(checking.length).toBeGreaterThan(20_000);
  expect(calibration.length).toBeGreaterThan(40_000);
  const known = new Set(sentences(calibration));
  expect(sentences(checking).filter((sentence) => known.has(sentence))).toEqual([]);
  const path = join(tempFolder(), 'text.txt');
  writeFileSync(path, 'two lines\n\n');
  expect(await readText(path, 'check')).toBe('two lines\n');
  writeFileSync(path, Uint8Array.of(0x41, 0xff, 0xfe));
  await expect(readText(path, 'check')).rejects.toThrow(/no text in UTF-8/);
});
