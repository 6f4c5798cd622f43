import { mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ConvertEvent, ConvertParams, ConvertResult } from '#src/index.js';
import { convert } from '#src/index.js';
import { run, start } from '../cli/run.js';
import { PlacedFaults } from '../hub/faults.mjs';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { syntheticModel } from '../synthetic-model.js';
import { tempFolder } from '../temp.js';

/** 84 MiB of weights, in a file for each tensor. */
const SIZES = { width: 1024, feedForward: 2048, layers: 2 };
const NAME = 'Synthetic-Model';
const environment = { ...process.env };

let root: string;
let hub: LoopbackHub;

beforeEach(async () => {
  root = tempFolder();
  mkdirSync(join(root, 'org'));
  syntheticModel(join(root, 'org'), SIZES, true);
  hub = await startHub(root, { retryAfter: 0 });
  process.env.HF_HOME = tempFolder();
  process.env.HF_HUB_DOWNLOAD_TIMEOUT = '20';
  process.env.HF2GGUF_MAX_WAIT = '0';
  delete process.env.HF_TOKEN;
  delete process.env.HF_HUB_OFFLINE;
});

afterEach(async () => {
  process.env = { ...environment };
  await hub.close();
});

interface Followed {
  readonly events: readonly ConvertEvent[];
  readonly result: ConvertResult | undefined;
  readonly error: unknown;
}

async function follow(params: ConvertParams, look: (event: ConvertEvent) => void = () => {}): Promise<Followed> {
  const events: ConvertEvent[] = [];
  try {
    for await (const event of convert({ maxMemory: 2 ** 24, ...params })) {
      events.push(event);
      look(event);
    }
  } catch (error) {
    return { events, result: undefined, error };
  }
  const done = events.at(-1);
  return { events, result: done?.event === 'done' ? done.result : undefined, error: undefined };
}

/** Calls something once when more than half is done. */
function halfway(action: () => void): (event: ConvertEvent) => void {
  let isDone = false;
  return (event) => {
    if (!isDone && event.event === 'progress' && event.done > event.total / 2) {
      isDone = true;
      action();
    }
  };
}

const shareOf = ({ events }: Followed) =>
  events.flatMap((event) => (event.event === 'continue' ? [event.share] : []))[0] ?? 0;
const warningsOf = ({ events }: Followed) => events.flatMap((event) => (event.event === 'warning' ? [event.what] : []));
/** Bytes of weights that were asked for. */
const fetched = () =>
  hub.seen
    .filter(({ host, range }) => host === 'cdn' && range)
    .reduce((sum, { range }) => {
      const [, from = 0, to = 0] = /(\d+)-(\d+)/.exec(range ?? '')?.map(Number) ?? [];
      return sum + to - from + 1;
    }, 0);

describe('a conversion from the Hub', () => {
  const remote = () => ({ source: `org/${NAME}`, endpoint: hub.endpoint, outtype: 'f32' }) as const;

  test.each(['interrupted', 'cut off'] as const)('that is %s is gone on with by the same call', async (how) => {
    const whole = await follow({ ...remote(), output: join(tempFolder(), 'a.gguf') });
    const all = fetched();
    const folder = tempFolder();
    const params = { ...remote(), output: join(folder, 'a.gguf') };
    const stop = new AbortController();
    const first = await follow(
      { ...params, signal: stop.signal },
      halfway(() => {
        if (how === 'interrupted') {
          stop.abort();
        } else {
          hub.placed = new PlacedFaults([{ fault: 'failing', from: 0, lasting: true }]);
        }
      }),
    );
    const left = readdirSync(folder).sort();
    expect(left).toEqual([expect.stringMatching(/\.journal$/), expect.stringMatching(/\.partial$/)]);
    const said = how === 'interrupted' ? (first.error as Error).message : warningsOf(first).join(' ');
    expect(said).toContain(`done so far is kept: ${join(folder, left[1] ?? '')}`);
    expect(first.error).toMatchObject({ exitCode: how === 'interrupted' ? 130 : 5 });

    hub.placed = null;
    const before = fetched();
    const second = await follow(params);
    expect(second.error).toBeUndefined();
    expect(shareOf(second)).toBeGreaterThan(0.3);
    expect(fetched() - before).toBeLessThan(0.7 * all);
    expect(readdirSync(folder)).toEqual(['a.gguf']);
    expect(readFileSync(params.output).equals(readFileSync(whole.result?.files[0]?.path ?? ''))).toBe(true);
    // All files are named; of those that the first run has read, nothing was compared.
    const [sources, wholeSources] = [second.result?.sources ?? [], whole.result?.sources ?? []];
    expect(sources.map(({ path }) => path)).toEqual(wholeSources.map(({ path }) => path));
    expect(wholeSources.every(({ check }) => check === 'sha256' || check === 'sha1')).toBe(true);
    expect(sources.some(({ check }) => check === 'part')).toBe(true);
    expect(sources.some(({ check, path }) => check !== 'part' && path.endsWith('.safetensors'))).toBe(true);
  });
});

test('one of the files is gone on with, whatever became of the others in the meantime', async () => {
  const source = join(root, 'org', NAME);
  const [together, folder] = [tempFolder(), tempFolder()];
  const options = { source, outtype: 'f32', splitMaxSize: '80M' } as const;
  const whole = await follow({ ...options, output: `${together}/` });
  const [first = '', second = ''] = whole.result?.files.map(({ path }) => basename(path)) ?? [];
  const one = (name: string) => ({ ...options, only: [name], output: `${folder}/` });
  const stop = new AbortController();
  const cut = await follow(
    { ...one(first), signal: stop.signal },
    halfway(() => stop.abort()),
  );
  expect(cut.error).toMatchObject({ exitCode: 130 });
  expect((await follow(one(second))).error).toBeUndefined();
  expect(readdirSync(folder)).toHaveLength(3);
  const next = await follow(one(first));
  expect(shareOf(next)).toBeGreaterThan(0.3);
  expect(readdirSync(folder)).toEqual(readdirSync(together));
  for (const name of [first, second]) {
    expect(readFileSync(join(folder, name)).equals(readFileSync(join(together, name)))).toBe(true);
  }
});

test('what is left of another plan is removed, and the reason is said', async () => {
  const source = join(root, 'org', NAME);
  const folder = tempFolder();
  const params = { source, outtype: 'f32', output: join(folder, 'a.gguf') } as const;
  const leave = async () => {
    const stop = new AbortController();
    await follow(
      { ...params, signal: stop.signal },
      halfway(() => stop.abort()),
    );
    expect(readdirSync(folder).filter((name) => /\.partial$/.test(name))).toHaveLength(1);
  };
  await leave();
  const other = await follow({ ...params, outtype: 'bf16' });
  expect(warningsOf(other)).toContainEqual(expect.stringContaining('it was made with other options'));
  expect(shareOf(other)).toBe(0);
  expect(readdirSync(folder)).toEqual(['a.gguf']);

  await leave();
  const file = readdirSync(source).find((name) => name.endsWith('.safetensors')) ?? '';
  utimesSync(join(source, file), 1, 1);
  const changed = await follow(params);
  expect(warningsOf(changed)).toContainEqual(expect.stringContaining('the source has changed since'));
  expect(readdirSync(folder)).toEqual(['a.gguf']);
});

test('a second process on the same output is refused, with the number of the first, which is not disturbed', async () => {
  const folder = tempFolder();
  const output = join(folder, 'a.gguf');
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '', HF_HUB_DOWNLOAD_TIMEOUT: '60', HF_HOME: tempFolder() };
  const first = start([`org/${NAME}`, '--outtype', 'f32', '--out', output], env);
  await first.seen(/a\.gguf: /);
  hub.placed = new PlacedFaults([{ fault: 'stall', from: 0, lasting: true }]);
  await first.seen(/Converting/);
  const names = () => readdirSync(folder).map((name) => basename(name));
  while (names().length < 2 && first.child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const left = names();
  const second = await run([join(root, 'org', NAME), '--outtype', 'f16', '--out', output]);
  expect({ code: second.code, err: second.err }).toEqual({
    code: 2,
    err: expect.stringMatching(new RegExp(`Process ${first.child.pid} is writing .*a\\.gguf`)),
  });
  expect(names()).toEqual(left);
  first.child.kill('SIGKILL');
  await first.finished;
  expect((await run([join(root, 'org', NAME), '--outtype', 'f16', '--out', output])).code).toBe(0);
  expect(names()).toEqual(['a.gguf']);
});
