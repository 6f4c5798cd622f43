import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import { renderPlan } from '#src/cli/plan-table.js';
import { plain } from '#src/cli/terminal/style.js';
import { WrongHashError } from '#src/repo/errors.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { splitSafetensors } from '../split-safetensors.js';
import { tempFolder } from '../temp.js';
import { readRecord, run, sha256 } from './records.js';

/** Every byte that comes from the Hub is compared with what the Hub says of the file. */

const tiny = join(fixtures, 'Tiny-Verse-2M');
const hubs: LoopbackHub[] = [];

beforeEach(() => {
  process.env.HF_HOME = tempFolder();
});

afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
});

/** A Hub with Tiny-Verse in so many shards. */
async function serve(shards: number): Promise<{ hub: LoopbackHub; folder: string; files: string[] }> {
  const root = tempFolder();
  const folder = join(root, 'org/Tiny-Verse-2M');
  cpSync(tiny, folder, { recursive: true });
  const files = splitSafetensors(folder, shards);
  const hub = await startHub(root, {});
  hubs.push(hub);
  return { hub, folder, files };
}

/** Flips a bit of a byte in each answer that has it; the file is known by its size. */
function flipping(size: number, at: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const range = response.headers.get('content-range')?.match(/^bytes (\d+)-(\d+)\/(\d+)$/);
    const [from, to, total] = (range ?? []).slice(1).map(Number) as [number, number, number];
    if (total !== size || from > at || to < at) {
      return response;
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    bytes[at - from] = (bytes[at - from] as number) ^ 4;
    return new Response(bytes, response);
  };
}

describe.each([1, 5])('%i shards', (shards) => {
  test.each(['beginning', 'middle', 'end'])(
    'a bit flipped at the %s is refused by the name of the file',
    async (place) => {
      const { hub, folder, files } = await serve(shards);
      const file = files[place === 'beginning' ? 0 : files.length - 1] as string;
      const bytes = readFileSync(join(folder, file));
      // The header's own bytes are looked at before any weight.
      const data = 8 + Number(bytes.readBigUInt64LE());
      const at = { beginning: data, middle: (data + bytes.length) >> 1, end: bytes.length - 1 }[place] as number;
      const output = tempFolder();
      const params = { source: 'org/Tiny-Verse-2M', endpoint: hub.endpoint, output, quant: 'q4_k_m' as const };
      const error = await run({ ...params, fetch: flipping(bytes.length, at), maxMemory: 2 ** 20 }).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(WrongHashError);
      expect((error as Error).message).toContain(file);
      expect(readdirSync(output)).toEqual([]);
    },
  );

  test('the result says what was compared', async () => {
    const { hub, files } = await serve(shards);
    const params = { source: 'org/Tiny-Verse-2M', endpoint: hub.endpoint, quant: 'q4_k_m' as const };
    const { result } = await run({ ...params, output: tempFolder() });
    const { sha256: expected } = readRecord(join(fixtures, 'Tiny-Verse-2M.expected/quantize-Q4_K_M.json'));
    expect(result.files.map(({ path }) => sha256(path))).toEqual([expected]);
    const checks = new Map(result.sources.map(({ path, check }) => [path, check]));
    expect(files.map((file) => checks.get(file))).toEqual(files.map(() => 'sha256'));
    expect(checks.get('config.json')).toBe('sha1');
    expect([...checks.values()]).not.toContain('none');
  });
});

test('a file of which too little is read is no error, but the plan and the result say so', async () => {
  const { hub } = await serve(1);
  const params = { source: 'org/Tiny-Verse-2M', endpoint: hub.endpoint, quant: 'q4_k_m', pruneLayers: '0,1' } as const;
  const planned = await plan(params);
  const [source] = planned.sources.filter(({ path }) => path === 'model.safetensors');
  const share = Math.round((100 * (source?.read ?? 0)) / (source?.size ?? 1));
  expect(share).toBeLessThan(90);
  expect(renderPlan(planned, { width: 200, paint: plain, verbose: false })).toContain(
    `model.safetensors is not verified: ${share} % read.`,
  );
  const { result } = await run({ ...params, output: tempFolder() });
  expect(result.sources).toEqual(planned.sources);
  expect(source?.check).toBe('part');
});

describe('--verify', () => {
  /** The layout of the Hub's cache: links to files that are named after their hashes. */
  function snapshot(): { folder: string; blob: string } {
    const folder = join(tempFolder(), 'models--org--Tiny-Verse-2M');
    cpSync(tiny, join(folder, 'snapshots', 'a'.repeat(40)), { recursive: true });
    const file = join(folder, 'snapshots', 'a'.repeat(40), 'model.safetensors');
    const blob = join(folder, 'blobs', sha256(file));
    mkdirSync(join(folder, 'blobs'));
    cpSync(file, blob);
    rmSync(file);
    symlinkSync(blob, file);
    return { folder, blob };
  }

  test('the cache: its files are compared with the hashes that they are named after', async () => {
    const { folder, blob } = snapshot();
    const { result } = await run({ source: folder, output: tempFolder(), quant: 'q4_k_m', verify: true });
    expect(result.sources.find(({ path }) => path === 'model.safetensors')?.check).toBe('sha256');
    const bytes = readFileSync(blob);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    writeFileSync(blob, bytes);
    await run({ source: folder, output: tempFolder(), quant: 'q4_k_m' });
    await expect(run({ source: folder, output: tempFolder(), quant: 'q4_k_m', verify: true })).rejects.toThrow(
      'model.safetensors has the sha256',
    );
  });

  test("a folder that was downloaded with the Hub's tools", async () => {
    const folder = join(tempFolder(), 'model');
    cpSync(tiny, folder, { recursive: true });
    const metadata = join(folder, '.cache/huggingface/download');
    mkdirSync(metadata, { recursive: true });
    const hash = sha256(join(folder, 'model.safetensors'));
    writeFileSync(join(metadata, 'model.safetensors.metadata'), `${'a'.repeat(40)}\n${hash}\n1700000000.0\n`);
    const { result } = await run({ source: folder, output: tempFolder(), verify: true });
    expect(result.sources.find(({ path }) => path === 'model.safetensors')?.check).toBe('sha256');
    writeFileSync(join(metadata, 'model.safetensors.metadata'), `x\n${'0'.repeat(64)}\n1\n`);
    await expect(run({ source: folder, output: tempFolder(), verify: true })).rejects.toThrow(WrongHashError);
  });

  test('a folder without any hash is refused', async () => {
    await expect(run({ source: tiny, output: tempFolder(), verify: true })).rejects.toThrow('Leave --verify out');
  });
});
