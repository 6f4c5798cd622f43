import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConvertEvent, ConvertParams, ConvertResult, QuantizeParams } from '#src/index.js';
import {
  CheckInterruptedError,
  convert,
  edit,
  inspect,
  plan,
  planQuantize,
  QualityGateError,
  quantize,
  split,
} from '#src/index.js';
import { run as runCommand, start } from '../cli/run.js';
import { startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { finish } from './records.js';

const source = join(fixtures, 'Tiny-Verse-2M');
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
const [text, short, model] = ['text.txt', 'short.txt', 'model.gguf'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

beforeAll(async () => {
  const { text: some } = JSON.parse(readFileSync(join(fixtures, 'Tiny-Verse-2M.expected/imatrix.json'), 'utf8'));
  writeFileSync(text, Array(3).fill(some).join('\n'));
  writeFileSync(short, 'In the beginning');
  await finish(convert({ source, outtype: 'f32', output: model }));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** All events, to the end or to an error. */
async function follow(
  events: AsyncIterable<ConvertEvent>,
  each: (event: ConvertEvent) => void = () => {},
): Promise<{ events: ConvertEvent[]; result?: ConvertResult; error?: unknown }> {
  const seen: ConvertEvent[] = [];
  try {
    for await (const event of events) {
      seen.push(event);
      each(event);
    }
  } catch (error) {
    return { events: seen, error };
  }
  const last = seen.at(-1);
  return { events: seen, ...(last?.event === 'done' && { result: last.result }) };
}

describe('one call', () => {
  const whole = { source, quant: 'q2_k', imatrix: 'auto', imatrixText: text, check: { text } } as const;

  test('computes the importance matrix, converts and checks', async () => {
    const out = join(tempFolder(), 'own.gguf');
    const { events, result } = await follow(convert({ ...whole, output: out }));
    expect(result?.files).toMatchObject([{ path: out, type: 'Q2_K' }]);
    expect(result?.check).toMatchObject({ text, chunks: 2, base: { source }, models: [{ source: out, type: 'Q2_K' }] });
    expect(result?.check?.models[0]?.divergence?.kld.value).toBeGreaterThan(0);
    const { kv } = await inspect({ source: out });
    expect(new Map(kv).get('quantize.imatrix.file')?.value).toBe('auto');
    const kinds: string[] = events.map((event) => (event.event === 'phase' ? event.phase : event.event));
    const steps = ['collect', 'progress', 'plan', 'fill', 'file', 'check', 'measured', 'done'];
    const places = steps.map((step) => kinds.indexOf(step));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(-1);
    expect(events.filter(({ event }) => event === 'warning')).toEqual([]);
  });

  test('a limit that is exceeded: an error after the result, and the file stays', async () => {
    const out = join(tempFolder(), 'own.gguf');
    const { events, error } = await follow(convert({ ...whole, check: { text, maxKld: 1e-6 }, output: out }));
    expect(error).toBeInstanceOf(QualityGateError);
    expect(events.at(-1)).toMatchObject({ event: 'done', result: { check: { chunks: 2 } } });
    expect(existsSync(out)).toBe(true);
  });

  test('an abort while the check runs says that the file stays; before, nothing does', async () => {
    const out = join(tempFolder(), 'own.gguf');
    for (const [event, phase, stays] of [
      ['measured', undefined, true],
      ['phase', 'collect', false],
    ] as const) {
      const stop = new AbortController();
      const path = stays ? out : `${out}.2`;
      const { error } = await follow(convert({ ...whole, output: path, signal: stop.signal }), (seen) => {
        if (seen.event === event && (seen.event !== 'phase' || seen.phase === phase)) {
          stop.abort();
        }
      });
      expect(error).toMatchObject({ exitCode: 130 });
      expect(error instanceof CheckInterruptedError).toBe(stays);
      expect((error as Error).message).toMatch(stays ? /written is whole: .*own\.gguf/ : /no file was left behind/);
      expect(existsSync(path)).toBe(stays);
    }
  });

  test('from a GGUF file on the Hub, the same as from one here, the weights fetched once to run and once to convert', async () => {
    const root = tempFolder();
    mkdirSync(join(root, 'org/tiny-GGUF'), { recursive: true });
    cpSync(model, join(root, 'org/tiny-GGUF/tiny.gguf'));
    const environment = { ...process.env };
    process.env.HF_HOME = tempFolder();
    delete process.env.HF_TOKEN;
    delete process.env.HF_HUB_OFFLINE;
    const hub = await startHub(root, {});
    try {
      const options = { quant: 'q4_k_m', imatrix: 'auto', imatrixText: text, check: { text } } as const;
      const [here, there] = ['here.gguf', 'there.gguf'].map((name) => join(tempFolder(), name)) as [string, string];
      const own = await follow(quantize({ ...options, source: model, output: here }));
      const remote = { source: 'org/tiny-GGUF:tiny.gguf', endpoint: hub.endpoint };
      const fetched = await follow(quantize({ ...options, ...remote, output: there }));
      expect(fetched.error).toBeUndefined();
      expect(readFileSync(there).equals(readFileSync(here))).toBe(true);
      const figures = ({ result }: typeof own) => result?.check?.models[0]?.divergence;
      expect(figures(fetched)).toEqual(figures(own));
      const lengths = hub.seen.flatMap(({ path, range }) => {
        const [from, to] = /(\d+)-(\d+)/.exec(String(range))?.slice(1).map(Number) ?? [];
        return path.endsWith('.gguf') && from !== undefined && to !== undefined ? [to - from + 1] : [];
      });
      const total = lengths.reduce((sum, length) => sum + length, 0);
      expect(total / readFileSync(model).length).toBeLessThan(2.5);
    } finally {
      process.env = environment;
      await hub.close();
    }
  });
});

describe('what cannot be checked or run is refused before anything is written, and in a plan', () => {
  async function changed(set: string): Promise<string> {
    const out = join(tempFolder(), 'changed.gguf');
    await finish(edit({ source: model, set: [set], output: out }));
    return out;
  }
  const noGraph = () => changed('general.architecture=gpt2');
  const encoder = () => changed('llama.attention.causal=bool:false');

  test.each<[string, () => Promise<string>, Partial<ConvertParams>, RegExp]>([
    ['no graph, to be checked', noGraph, { check: true }, /architecture "gpt2" can't be run\. Those of llama, /],
    ['no graph, imatrix: auto', noGraph, { imatrix: 'auto' }, /architecture "gpt2" can't be run/],
    ['an encoder', encoder, { check: true }, /is an encoder/],
    ['a short text', async () => model, { check: { text: short } }, /two chunks of 512 are needed/],
    ['a text that is not there', async () => model, { check: { text: `${short}x` } }, /cannot be read/],
    ['a short text to compute from', async () => model, { imatrix: 'auto', imatrixText: short }, /two chunks/],
    ['no limit', async () => model, { check: { maxKld: -1 } }, /--max-kld is -1/],
    ['a text for nothing', async () => model, { imatrixText: text }, /--imatrix-text has no effect/],
  ])('%s', async (_, file, options, message) => {
    const out = tempFolder();
    const params: QuantizeParams = { quant: 'q8_0', ...options, source: await file(), output: out };
    const { events, error } = await follow(quantize(params));
    expect((error as Error).message).toMatch(message);
    expect(events.some(({ event }) => event === 'plan' || event === 'progress')).toBe(false);
    expect(readdirSync(out)).toEqual([]);
    await expect(planQuantize(params)).rejects.toThrow(message);
  });

  test('a vocabulary alone', async () => {
    await expect(plan({ source, vocabOnly: true, check: true })).rejects.toThrow(/vocabulary alone cannot be checked/);
  });

  test('with a target size a model that cannot be run is only warned of', async () => {
    const out = join(tempFolder(), 'own.gguf');
    const { events, result } = await follow(quantize({ source: await noGraph(), targetBpw: 5, output: out }));
    expect(result?.files).toHaveLength(1);
    expect(events).toContainEqual({
      event: 'warning',
      what: expect.stringMatching(/"gpt2" can't be run\. So errors count relative/),
    });
  });
});

describe('as a user meets it', () => {
  test('Ctrl-C while the check runs', async () => {
    const out = tempFolder();
    const { child, finished, seen } = start([source, '--quant', 'q8_0', '--out', out, '--check']);
    await seen(/chunk 2 of \d+/);
    child.kill('SIGINT');
    const { code, err } = await finished;
    expect(code).toBe(130);
    expect(err).toMatch(/what was written is whole: .*Q8_0\.gguf\. hf2gguf check FILE --against SOURCE/);
    expect(readdirSync(out)).toEqual(['Tiny-Verse-2M-Q8_0.gguf']);
  });

  test('a pre-tokenizer that the probe agrees with is no warning; a target is predicted, then measured', async () => {
    const options = ['--target-bpw', '5', '--imatrix', 'auto', '--imatrix-text', text, '--check-text', text];
    const { err, out } = await runCommand([source, ...options, '--out', `${tempFolder()}/`]);
    expect(err).not.toMatch(/^Warning: /m);
    expect(err).toMatch(/^Predicted damage: a mean KL divergence of 0\.0/m);
    expect(out).toMatch(/bits per weight\n\ntype +size/);
    const [head = '', , row = ''] = out.trimEnd().split('\n').slice(-3);
    expect(head).toMatch(/ KL divergence +predicted /);
    expect(row).toMatch(/^5bpw .* ± 0\.\d+ +0\.0\d+ /i);
  });

  test('a plot that has no place is refused at once', async () => {
    const out = tempFolder();
    const plot = join(model, 'none/plot.svg');
    const { code, err } = await runCommand([source, '--quant', 'q8_0', '--out', out, '--check-plot', plot]);
    expect(code).toBe(2);
    expect(err).toMatch(/plot\.svg would lie in what is no folder\./);
    expect(readdirSync(out)).toEqual([]);
  });

  test('a split file is checked, run and quantized by its first part', async () => {
    const folder = tempFolder();
    await finish(split({ source: model, splitMaxTensors: 10, output: join(folder, 'part') }));
    const first = join(folder, 'part-00001-of-00003.gguf');
    const check = await runCommand(['check', first, '--against', model, '--text', text]);
    expect(check.out).toMatch(/KL divergence, mean +0\.000000/);
    const { out } = await runCommand(['run', first, '--prompt', 'In the beginning', '-n', '3']);
    expect(out).toBe((await runCommand(['run', model, '--prompt', 'In the beginning', '-n', '3'])).out);
    const options = ['q8_0', '--keep-split', '--out', join(folder, 'own.gguf'), '--check-text', text];
    const { code, out: table } = await runCommand(['quantize', first, ...options]);
    expect(code).toBe(0);
    expect(table).toMatch(/^Q8_0 +2\.\d+ MiB .*own-00001-of-00003\.gguf$/m);
  });
});
