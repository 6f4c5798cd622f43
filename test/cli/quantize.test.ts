import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { run } from './run.js';

const tinyVerse = join(fixtures, 'Tiny-Verse-2M');

async function converted(): Promise<string> {
  const folder = tempFolder();
  await run([tinyVerse, '--out', `${folder}/`]);
  return join(folder, readdirSync(folder)[0] ?? '');
}

test('quantize SOURCE TYPES writes a file a type and says how large they are', async () => {
  const out = tempFolder();
  const done = await run(['quantize', await converted(), 'q4_k_m,IQ4_XS', '--out', `${out}/`]);
  expect(done.code).toBe(0);
  expect(readdirSync(out).sort()).toEqual(['Tiny-Verse-2M-IQ4_XS.gguf', 'Tiny-Verse-2M-Q4_K_M.gguf']);
  expect(done.out).toMatch(/Q4_K_M\.gguf {2}[\d.]+ MiB {2}Q4_K_M {2}\d\.\d\d bits per weight\n/);
});

test('quantize SOURCE OUT TYPE, as llama-quantize takes it', async () => {
  const out = join(tempFolder(), 'mine.gguf');
  expect(await run(['quantize', await converted(), out, '15'])).toMatchObject({ code: 0 });
  expect(existsSync(out)).toBe(true);
  const words = await run(['quantize', 'a.gguf', 'b.gguf', 'q4_0', '4']);
  expect(words).toMatchObject({ code: 2, err: expect.stringContaining('--jobs') });
});

test('what needs an importance matrix is refused at once, with how to get one', async () => {
  const out = tempFolder();
  const done = await run([tinyVerse, '--quant', 'iq1_s', '--out', `${out}/`]);
  expect(done).toMatchObject({ code: 3, err: expect.stringMatching(/becomes IQ1_S, .*--imatrix FILE/) });
  expect(readdirSync(out)).toEqual([]);
});

test('--stats-plot draws every tensor that lost something, and --json has the numbers', async () => {
  const out = tempFolder();
  const svg = join(out, 'errors.svg');
  const done = await run([tinyVerse, '--quant', 'q4_0', '--out', `${out}/`, '--stats-plot', svg, '--json']);
  const { result } = JSON.parse(done.out.trim().split('\n').at(-1) ?? '') as {
    result: { files: { tensors: { name: string; type: string; rmse: number }[] }[] };
  };
  const lossy = result.files[0]?.tensors.filter(({ rmse }) => rmse > 0) ?? [];
  expect(lossy.length).toBeGreaterThan(10);
  const drawn = readFileSync(svg, 'utf8');
  expect(drawn).toMatch(/^<svg /);
  expect(drawn.match(/<(circle|line) [^>]*><title>/g)).toHaveLength(lossy.length);
  for (const { name } of lossy) {
    expect(drawn).toContain(`<title>${name} `);
  }
});

test('the help has options and examples, and types lists the types', async () => {
  const [{ out: help }, { out: types }] = await Promise.all([run(['quantize', '--help']), run(['types'])]);
  for (const word of ['hf2gguf types', '--imatrix', '--keep-split', 'Examples:']) {
    expect(help).toContain(word);
  }
  for (const line of [/^IQ3_XXS +3\.06 +needed /m, /^Q4_K_M +4\.90 +\+0\.1754 +helps /m, /^TQ2_0 +2\.06 +no /m]) {
    expect(types).toMatch(line);
  }
});
