import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseQuants } from '#src/plan/check-params.js';
import { start } from '../cli/run.js';
import { type HubOptions, type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { readRecord, recordsOf, run, sha256 } from './records.js';

const expected = join(fixtures, 'Tiny-Verse-2M.expected');
const hubs: LoopbackHub[] = [];

/** A Hub with Tiny-Verse-2M as `org/Tiny-Verse-2M`. */
async function serve(options: HubOptions): Promise<LoopbackHub> {
  const root = tempFolder();
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'org/Tiny-Verse-2M'), { recursive: true });
  const hub = await startHub(root, options);
  hubs.push(hub);
  return hub;
}

const environment = { ...process.env };

beforeEach(() => {
  process.env.HF_HOME = tempFolder();
  process.env.HF_HUB_DOWNLOAD_TIMEOUT = '1';
  delete process.env.HF_TOKEN;
  delete process.env.HF_HUB_OFFLINE;
});

afterEach(async () => {
  process.env = { ...environment };
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
});

test('a faulty Hub gives the bytes that a folder gives, from ranges alone', async () => {
  const hub = await serve({ faultEvery: 3, retryAfter: 0 });
  const out = tempFolder();
  const records = [...recordsOf(expected, 'quantize')].filter(([type]) => /^Q[48]/.test(type));
  const { result } = await run({
    source: 'org/Tiny-Verse-2M',
    endpoint: hub.endpoint,
    quant: parseQuants(records.map(([type]) => type)),
    maxMemory: 2 ** 22,
    output: out,
  });
  expect(result.files.map(({ path }) => sha256(path))).toEqual(records.map(([, { sha256 }]) => sha256));
  const weights = hub.seen.filter(({ host, path }) => host === 'cdn' || path.endsWith('model.safetensors'));
  expect(weights.length).toBeGreaterThan(4);
  expect(weights.every(({ range }) => range !== null)).toBe(true);
  expect(hub.seen.some(({ fault }) => fault !== null)).toBe(true);
  expect(readdirSync(out)).toHaveLength(records.length);
});

test('a dry run reads nothing of the weights but their header', async () => {
  const hub = await serve({});
  const { plan } = await import('#src/calls/convert.js');
  const made = await plan({ source: 'org/Tiny-Verse-2M', endpoint: hub.endpoint, quant: 'q4_k_m' });
  expect(made.disk).toBe(readRecord(join(expected, 'quantize-Q4_K_M.json')).size);
  expect(made.source.revision).toMatch(/^[0-9a-f]{40}$/);
  const header = 3600;
  for (const { path, range } of hub.seen.filter((seen) => seen.path.endsWith('model.safetensors'))) {
    expect({ path, isHeader: Number(/-(\d+)$/.exec(range ?? '')?.[1]) < header }).toEqual({ path, isHeader: true });
  }
});

describe('stopping half-way leaves no file', () => {
  /** A Hub that will stall in every body once it is told to. */
  const serveStalling = () => serve({ faultEvery: 0, faults: ['stall'] });

  test('by the AbortSignal', async () => {
    process.env.HF_HUB_DOWNLOAD_TIMEOUT = '60';
    const hub = await serveStalling();
    const out = tempFolder();
    const { convert } = await import('#src/calls/convert.js');
    const stop = new AbortController();
    let begun: string[] = [];
    const consume = async () => {
      for await (const event of convert({
        source: 'org/Tiny-Verse-2M',
        endpoint: hub.endpoint,
        quant: 'q4_k_m',
        output: out,
        signal: stop.signal,
      })) {
        if (event.event === 'plan') {
          hub.faults.every = 1;
        }
        if (event.event === 'phase' && event.phase === 'fill') {
          const look = setInterval(() => {
            begun = readdirSync(out);
            if (begun.length > 0) {
              clearInterval(look);
              stop.abort();
            }
          }, 10);
        }
      }
    };
    await expect(consume()).rejects.toMatchObject({ name: 'InterruptedError', exitCode: 130 });
    expect(begun.filter((name) => name.endsWith('.partial'))).toEqual([
      expect.stringMatching(/^Tiny-Verse-2M-Q4_K_M\.gguf\.[0-9a-f-]+\.partial$/),
    ]);
    expect(readdirSync(out)).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s, with exit code 130, and no folder', async (signal) => {
    const hub = await serveStalling();
    const out = tempFolder();
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '', HF_HUB_DOWNLOAD_TIMEOUT: '60', HF_HOME: tempFolder() };
    const oneByOne = ['--jobs', '1', '--max-memory', '256K'];
    const into = join(out, 'new/deep/');
    const running = start(['org/Tiny-Verse-2M', '--quant', 'q4_k_m', '--out', into, ...oneByOne], env);
    await running.seen(/Q4_K_M\.gguf: /);
    hub.faults.every = 1;
    await running.seen(/Converting/);
    running.child.kill(signal);
    const { code, err } = await running.finished;
    expect({ code, files: readdirSync(out) }).toEqual({ code: 130, files: [] });
    expect(err).toMatch(/Interrupted; no file was left behind/);
  });

  test('by breaking out of the loop', async () => {
    const hub = await serveStalling();
    const out = tempFolder();
    const { convert } = await import('#src/calls/convert.js');
    for await (const event of convert({
      source: 'org/Tiny-Verse-2M',
      endpoint: hub.endpoint,
      outtype: 'f16',
      output: out,
    })) {
      if (event.event === 'phase' && event.phase === 'fill') {
        break;
      }
    }
    expect(existsSync(out) && readdirSync(out)).toEqual([]);
  });
});

test('inspect reads the header of a file on the Hub, and no more', async () => {
  const root = tempFolder();
  const out = join(root, 'org/made');
  await run({ source: join(fixtures, 'Tiny-Verse-2M'), outtype: 'f16', output: `${out}/` });
  const hub = await startHub(root, {});
  hubs.push(hub);
  const { inspect } = await import('#src/gguf-files/inspect.js');
  const file = await inspect({ source: 'org/made:Tiny-Verse-2M-F16.gguf', endpoint: hub.endpoint });
  expect(file.tensors.map(({ name }) => name)).toContain('blk.2.ffn_up.weight');
  expect(new Map(file.kv).get('general.name')?.value).toBe('Tiny Verse 2M');
  const ends = hub.seen.flatMap(({ range }) => (range === null ? [] : [Number(/-(\d+)$/.exec(range)?.[1])]));
  expect(ends.length).toBeGreaterThan(0);
  expect(Math.max(...ends)).toBeLessThan(file.size / 2);
});

test('a failure ends the requests that are under way, rather than wait for their patience', async () => {
  process.env.HF_HUB_DOWNLOAD_TIMEOUT = '60';
  const hub = await serve({ faultEvery: 0, faults: ['stall'] });
  const { convert } = await import('#src/calls/convert.js');
  const out = tempFolder();
  const consume = async () => {
    for await (const event of convert({
      source: 'org/Tiny-Verse-2M',
      endpoint: hub.endpoint,
      outtype: 'f16',
      output: out,
      maxMemory: 2 ** 20,
    })) {
      if (event.event === 'plan') {
        // From now on every second answer is a refusal, and the others stall. Addresses at the CDN have expired.
        hub.world.signature = 'second';
        hub.world.access['org/Tiny-Verse-2M'] = { gated: true };
        hub.faults.every = 2;
      }
    }
  };
  await expect(consume()).rejects.toMatchObject({ name: 'GatedRepoError', exitCode: 5 });
  expect(readdirSync(out)).toEqual([]);
}, 20_000);
