import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { convert, plan, quantize } from '#src/calls/conversions.js';
import { run as runCli } from '../cli/run.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { syntheticModel } from '../synthetic-model.js';
import { tempFolder } from '../temp.js';
import { finish, sha256 } from './records.js';

/** 11 MiB of weights in one file. */
const SIZES = { width: 256, feedForward: 512, layers: 4 };
const environment = { ...process.env };

let root: string;
let hub: LoopbackHub;

beforeEach(async () => {
  root = tempFolder();
  mkdirSync(join(root, 'org'));
  syntheticModel(join(root, 'org'), SIZES);
  hub = await startHub(root, { retryAfter: 0 });
  process.env.HF_HOME = tempFolder();
  delete process.env.HF_TOKEN;
  delete process.env.HF_HUB_OFFLINE;
});

afterEach(async () => {
  process.env = { ...environment };
  await hub.close();
});

const remote = () => ({ source: 'org/Synthetic-Model', endpoint: hub.endpoint }) as const;
const hashes = (paths: readonly string[]) => paths.map((path) => [basename(path), sha256(path)]);
const inFolder = (folder: string) => hashes(readdirSync(folder).map((name) => join(folder, name)));

/** Bytes of weights that were asked for since the last call. */
function fetched(): number {
  return hub.seen
    .splice(0)
    .filter(({ host, range }) => host === 'cdn' && range !== null)
    .reduce((sum, { range }) => {
      const [, from = 0, to = 0] = /(\d+)-(\d+)/.exec(range ?? '')?.map(Number) ?? [];
      return sum + to - from + 1;
    }, 0);
}

test('runs side by side make the files of one run, each from the ranges that its files need', async () => {
  const options = { ...remote(), quant: 'q4_k_m', splitMaxSize: '300K' } as const;
  const [together, shared] = [tempFolder(), tempFolder()];
  const whole = await plan(options);
  const names = whole.files.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(4);
  fetched();
  await finish(convert({ ...options, output: `${together}/` }));
  const all = fetched();
  const halves = [names.filter((_, i) => i % 2 === 0), names.filter((_, i) => i % 2 === 1)];
  const own = { ...options, output: `${shared}/` };
  const results = await Promise.all(halves.map((only) => finish(convert({ ...own, only }))));
  const both = fetched();
  expect(results.map(({ files }) => files.map(({ path }) => basename(path)))).toEqual(halves);
  expect(inFolder(shared)).toEqual(inFolder(together));
  // Each reads the header as well.
  expect([both >= all, both < 1.02 * all]).toEqual([true, true]);
  // One of them alone reads as much as its plan says.
  const [first = ''] = names.slice(2);
  const planned = await plan({ ...options, only: [first] });
  fetched();
  const { sources } = await finish(convert({ ...options, only: [first], output: `${tempFolder()}/` }));
  const once = fetched();
  expect([once >= planned.sourceBytes, once < planned.sourceBytes + 0.02 * all]).toEqual([true, true]);
  expect(planned.sourceBytes).toBeLessThan(whole.sourceBytes / 3);
  expect(sources.find(({ path }) => path === 'model.safetensors')?.check).toBe('part');
});

test('one type of several, of a model and of a GGUF file', async () => {
  const source = join(root, 'org/Synthetic-Model');
  const [together, alone] = [tempFolder(), tempFolder()];
  const quant = ['q8_0', 'q4_0'] as const;
  const { files } = await finish(convert({ source, quant, output: `${together}/` }));
  const only = ['Synthetic-Model-2.9M-Q4_0.gguf'];
  const one = await finish(convert({ source, quant, only, output: `${alone}/` }));
  expect(hashes(one.files.map(({ path }) => path))).toEqual(hashes(files.slice(1).map(({ path }) => path)));
  const { files: floats } = await finish(convert({ source, outtype: 'bf16', output: `${alone}/` }));
  const again = await finish(quantize({ source: floats[0]?.path ?? '', quant, only, output: `${tempFolder()}/` }));
  expect(again.files.map(({ path }) => basename(path))).toEqual(only);
});

test('the command line takes several names, and says what there is where one is wrong', async () => {
  const source = join(root, 'org/Synthetic-Model');
  const output = tempFolder();
  const args = [source, '--quant', 'q8_0', '--split-max-size', '2M', '--out', `${output}/`];
  const name = (part: number) => `Synthetic-Model-2.9M-Q8_0-0000${part}-of-00002.gguf`;
  expect((await runCli([...args, '--only', name(2), '--only', name(1)])).code).toBe(0);
  const parts = inFolder(output);
  expect(parts.map(([file]) => file)).toEqual([name(1), name(2)]);
  const wrong = await runCli([...args, '--only', 'Synthetic-Model-2.9M-Q8_0.gguf']);
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('None of the files that are made is called Synthetic-Model-2.9M-Q8_0.gguf.');
  expect(wrong.err).toContain(`They are ${name(1)}, ${name(2)}.`);
  expect((await runCli([...args, '--only', name(1), '--check'])).err).toContain('cannot be checked');
  expect(inFolder(output)).toEqual(parts);
});
