import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { parseManifest } from '#src/publish/manifest.js';
import type { PublishEvent, PublishParams } from '#src/publish/params.js';
import { planPublish, publish } from '#src/publish/publish.js';
import { readRecord } from '../calls/records.js';
import type { LoopbackHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { mountSmallDisk } from '../small-disk.js';
import { tempFolder } from '../temp.js';
import { filesOf, SOURCE, startHubWithTiny, TO, TOKEN } from './kit.js';

const expected = join(fixtures, 'Tiny-Verse-2M.expected');
const environment = { ...process.env };
const place = process.cwd();
let hub: LoopbackHub;
let folder: string;

beforeEach(async () => {
  process.env.HF_HOME = tempFolder();
  process.env.HF_TOKEN = TOKEN;
  process.env.HF_HUB_DOWNLOAD_TIMEOUT = '2';
  delete process.env.HF_HUB_OFFLINE;
  folder = tempFolder();
  process.chdir(folder);
});

afterEach(async () => {
  process.chdir(place);
  process.env = { ...environment };
  await hub.close();
});

const params = (quant: PublishParams['quant']): PublishParams => ({ source: SOURCE, to: TO, quant: quant ?? [] });

async function run(own: PublishParams) {
  const events: PublishEvent[] = [];
  const call = publish(own);
  for await (const event of call) {
    events.push(event);
  }
  return { events, result: await call };
}

const sha256 = (bytes: Uint8Array | undefined) =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
const record = (type: string) => readRecord(join(expected, `quantize-${type}.json`)).sha256;

test('a faulty Hub ends up with the right files, a card and one commit', async () => {
  hub = await startHubWithTiny({ faultEvery: 5 });
  const { result } = await run(params(['q4_k_m', 'q8_0', 'q5_k_m']));
  const files = await filesOf(hub);
  expect([...files.keys()]).toEqual([
    'README.md',
    'Tiny-Verse-2M-Q4_K_M.gguf',
    'Tiny-Verse-2M-Q5_K_M.gguf',
    'Tiny-Verse-2M-Q8_0.gguf',
    'hf2gguf.json',
  ]);
  for (const type of ['Q4_K_M', 'Q5_K_M', 'Q8_0']) {
    expect(sha256(files.get(`Tiny-Verse-2M-${type}.gguf`))).toBe(record(type));
  }
  const [, yaml = ''] = /^---\n([\s\S]*?)\n---\n/.exec(String(files.get('README.md'))) ?? [];
  expect(load(yaml)).toMatchObject({ base_model: SOURCE, base_model_relation: 'quantized', license: 'cc0-1.0' });
  const { commits, summaries } = hub.repos.written(TO);
  expect(commits).toHaveLength(2); // The empty one of the new repository is the first.
  expect(summaries).toEqual(['Q4_K_M, Q8_0, Q5_K_M of Tiny-Verse-2M']);
  expect(result).toMatchObject({ repository: TO, commit: commits[1]?.sha });
  expect(hub.seen.some(({ fault, method }) => fault !== null && method !== 'GET')).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test('done again it changes nothing, and with one type added it makes only that', async () => {
  hub = await startHubWithTiny();
  await run(params('q4_k_m'));
  const { result } = await run(params('q4_k_m'));
  expect(result.commit).toBeNull();
  expect(hub.repos.written(TO).summaries).toHaveLength(1);
  const before = hub.storage.received;
  const more = await run(params(['q4_k_m', 'q8_0']));
  expect(hub.storage.received - before).toBe((await filesOf(hub)).get('Tiny-Verse-2M-Q8_0.gguf')?.length);
  expect(more.result.files.map(({ type }) => type)).toEqual(['Q4_K_M', 'Q8_0']);
  expect(hub.repos.written(TO).summaries).toEqual(['Q4_K_M of Tiny-Verse-2M', 'Q8_0 of Tiny-Verse-2M']);
});

test('with other options a file is made anew, in the place of the old one', async () => {
  hub = await startHubWithTiny();
  await run(params('q8_0'));
  const before = (await filesOf(hub)).get('Tiny-Verse-2M-Q8_0.gguf');
  await run({ ...params('q8_0'), modelName: 'Another' });
  const after = await filesOf(hub);
  expect([...after.keys()]).toEqual(['README.md', 'Tiny-Verse-2M-Q8_0.gguf', 'hf2gguf.json']);
  expect(sha256(after.get('Tiny-Verse-2M-Q8_0.gguf'))).not.toBe(sha256(before));
});

test('a disk with room for one file takes three types, one after the other', async () => {
  hub = await startHubWithTiny();
  // Q8_0 takes 2.1 MiB, and there are 1.2 and 1.4 MiB beside it; notes take a part of the fourth.
  const disk = mountSmallDisk('4m');
  if (disk === null) {
    return;
  }
  try {
    process.chdir(disk.folder);
    const { events } = await run(params(['q8_0', 'q5_k_m', 'q4_k_m']));
    const plan = events.find((event) => event.event === 'publication')?.plan;
    expect(plan?.reads).toEqual([['Q8_0'], ['Q5_K_M'], ['Q4_K_M']]);
    const files = await filesOf(hub);
    for (const type of ['Q4_K_M', 'Q5_K_M', 'Q8_0']) {
      expect(sha256(files.get(`Tiny-Verse-2M-${type}.gguf`))).toBe(record(type));
    }
    expect(readdirSync(disk.folder)).toEqual([]);
  } finally {
    process.chdir(folder);
    disk.unmount();
  }
});

test('a run for another source removes what a killed one has left in its folder', async () => {
  hub = await startHubWithTiny({ partSize: 2 ** 16 });
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(hub.repos.root, 'org/Other'), { recursive: true });
  const stop = new AbortController();
  const going = (async () => {
    for await (const event of publish({ ...params('q8_0'), signal: stop.signal })) {
      if (event.event === 'phase' && event.phase === 'upload') {
        stop.abort();
      }
    }
  })();
  await expect(going).rejects.toThrow(/Interrupted/);
  const work = `${TO.replace('/', '--')}.publish`;
  expect(readdirSync(join(folder, work)).sort()).toEqual(['Tiny-Verse-2M-Q8_0.gguf', 'publish.json']);
  await run({ ...params('q4_k_m'), source: 'org/Other' });
  expect(readdirSync(folder)).toEqual([]);
});

test('large files go in parts', async () => {
  hub = await startHubWithTiny({ partSize: 2 ** 20, faultEvery: 5 });
  await run(params('q8_0'));
  expect(sha256((await filesOf(hub)).get('Tiny-Verse-2M-Q8_0.gguf'))).toBe(record('Q8_0'));
  const parts = hub.seen.filter(({ host, method }) => host === 'cdn' && method === 'PUT');
  expect(parts.length).toBeGreaterThanOrEqual(3);
});

test('the token goes to the Hub alone, and into nothing that is told', async () => {
  hub = await startHubWithTiny({ partSize: 2 ** 20, faultEvery: 4 });
  const { events } = await run(params('q8_0'));
  expect(hub.seen.filter(({ host, authorization }) => host === 'cdn' && authorization !== null)).toEqual([]);
  expect(JSON.stringify(events)).not.toContain(TOKEN.slice(3));
  for (const bytes of (await filesOf(hub)).values()) {
    expect(bytes.includes(TOKEN.slice(3))).toBe(false);
  }
});

test('a pull request leaves the repository as it is', async () => {
  hub = await startHubWithTiny();
  const { result } = await run({ ...params('q8_0'), pr: true });
  expect(result.url).toMatch(/\/discussions\/1$/);
  expect((await filesOf(hub)).size).toBe(0);
  expect((await filesOf(hub, TO, 'refs/pr/1')).has('Tiny-Verse-2M-Q8_0.gguf')).toBe(true);
});

test('a dry run shows the files and the card, and writes nothing', async () => {
  hub = await startHubWithTiny();
  delete process.env.HF_TOKEN;
  const plan = await planPublish(params(['q4_k_m', 'q8_0']));
  expect(plan).toMatchObject({ repository: TO, creates: true, reads: [['Q4_K_M', 'Q8_0']], kept: [] });
  expect(plan.card).toContain('Tiny-Verse-2M-Q4_K_M.gguf');
  expect(plan.files.map(({ size }) => size)).toEqual(
    ['Q4_K_M', 'Q8_0'].map((type) => readRecord(join(expected, `quantize-${type}.json`)).size),
  );
  expect(hub.seen.every(({ method }) => method === 'GET')).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test('figures of quality stand in the manifest, the card and a plot; the importance matrix is published, too', async () => {
  hub = await startHubWithTiny();
  await run({ ...params('q4_k_m'), imatrix: 'auto', check: { chunks: 2 } });
  const files = await filesOf(hub);
  const manifest = parseManifest(String(files.get('hf2gguf.json')));
  expect(manifest?.files[0]?.measured?.kld.value).toBeGreaterThan(0);
  expect(manifest?.check).toMatchObject({ text: null, chunks: 2 });
  expect(String(files.get('README.md'))).toContain('KL divergence');
  expect(String(files.get('quality.svg'))).toContain('<svg');
  expect(files.get('imatrix.gguf')?.subarray(0, 4).toString()).toBe('GGUF');
});

test('the files can be kept', async () => {
  hub = await startHubWithTiny();
  await run({ ...params('q8_0'), keep: 'kept' });
  expect(readdirSync(join(folder, 'kept'))).toEqual(['Tiny-Verse-2M-Q8_0.gguf']);
});

test('what not everyone may have is not published openly by accident', async () => {
  hub = await startHubWithTiny({ access: { [SOURCE]: { gated: true, members: ['me'] } } });
  await expect(publish(params('q8_0'))).rejects.toThrow(/is gated.*--private.*--accept-licence/);
  expect(await hub.repos.exists(TO)).toBe(false);
  await publish({ ...params('q8_0'), private: true });
  expect(hub.world.access[TO]?.private).toBe(true);
});

test('a token that may only read is refused in words, before anything is made', async () => {
  hub = await startHubWithTiny({ tokens: { [TOKEN]: { user: 'me', canWrite: false } } });
  await expect(publish(params('q8_0'))).rejects.toThrow(/may not write to me\/Tiny-Verse-2M-GGUF/);
  delete process.env.HF_TOKEN;
  await expect(publish(params('q8_0'))).rejects.toThrow(/no token/);
  expect(existsSync(join(folder, 'Tiny-Verse-2M-Q8_0.gguf'))).toBe(false);
});

test('a commit of somebody else in between is not overwritten', async () => {
  hub = await startHubWithTiny();
  await run(params('q8_0'));
  const call = publish(params('q4_k_m'));
  let once = true;
  const going = (async () => {
    for await (const event of call) {
      if (event.event === 'upload' && once) {
        once = false;
        hub.repos.add(TO, [], 'all removed by somebody', false);
      }
    }
  })();
  await expect(going).rejects.toThrow(/changed by somebody else/);
  await expect(publish(params('q4_k_m'))).resolves.toMatchObject({ repository: TO });
});
