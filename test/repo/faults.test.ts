import { InterruptedError } from '#src/errors.js';
import type { WaitEvent } from '#src/events.js';
import { NetworkDownError, RateLimitedError, ServerFailingError, WrongAnswerError } from '#src/repo/errors.js';
import { FAULTS } from '../hub/faults.mjs';
import { collect, expectBytes, failure, scene, testBytes } from './kit.js';

const WEIGHTS = testBytes(1_500_000);
const REPO = { 'config.json': JSON.stringify({ long: 'x'.repeat(3000) }), 'model.safetensors': WEIGHTS };

describe('a fault of the network', () => {
  test.each(FAULTS)('"%s" is got over with the exact bytes', async (fault) => {
    const { open, hub } = await scene({ 'org/model': REPO }, { faultEvery: 3, faults: [fault], retryAfter: 0 });
    const repo = await open('org/model');
    for (const [offset, length] of [
      [0, 1000],
      [1_000_000, 400_000],
      [3, 1],
    ] as const) {
      expectBytes(await repo.read('model.safetensors', offset, length), WEIGHTS.slice(offset, offset + length));
    }
    expectBytes(await collect(repo.stream('model.safetensors')), WEIGHTS);
    expect(Buffer.from(await collect(repo.stream('config.json'))).toString()).toBe(REPO['config.json']);
    expect(hub.seen.filter((seen) => seen.fault === fault).length).toBeGreaterThan(0);
  });

  test('of every kind, in every third request, is got over', async () => {
    const { open, hub } = await scene({ 'org/model': REPO }, { faultEvery: 3, retryAfter: 0 });
    const repo = await open('org/model');
    // One after the other: which of concurrent requests fails is chance, and some could fail at each of their tries.
    const reads: Uint8Array[] = [];
    for (let i = 0; i < 30; i++) {
      reads.push(await repo.read('model.safetensors', i * 50_000, 50_000));
    }
    expectBytes(Buffer.concat(reads), WEIGHTS);
    expect(new Set(hub.seen.flatMap(({ fault }) => fault ?? []))).toEqual(new Set(FAULTS));
  });

  test('while a listing is read is got over', async () => {
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`file-${100 + i}`, 'x']));
    const { open, hub } = await scene({ 'org/model': files }, { pageSize: 3, faultEvery: 2, retryAfter: 0 });
    expect((await (await open('org/model')).list()).map(({ path }) => path)).toEqual(Object.keys(files));
    expect(hub.seen.filter(({ fault }) => fault === 'cut').length).toBeGreaterThan(0);
  });

  test('in the middle of a body is gone on from the byte reached', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const repo = await open('org/model');
    hub.faults.every = 2; // The Hub's redirect, then the CDN's answer.
    hub.faults.turn = ['cut'];
    expectBytes(await repo.read('model.safetensors', 1000, 1000), WEIGHTS.slice(1000, 2000));
    const ranges = hub.seen.filter(({ host }) => host === 'cdn').map(({ range }) => range);
    expect(ranges.slice(0, 2)).toEqual(['bytes=1000-1999', 'bytes=1500-1999']);
  });
});

describe('a lasting fault', () => {
  const cases = [
    ['rate', RateLimitedError, /^http:\/\/127\.0\.0\.1:\d+\/\S+ limits the rate of requests, also at try 7\. Wait/],
    ['failing', ServerFailingError, /^http:\/\/127\.0\.0\.1:\d+\/\S+ fails with status 500, also at try 7\. Try again/],
    [
      'reset',
      NetworkDownError,
      /^http:\/\/127\.0\.0\.1:\d+\/\S+ can't be read: the connection failed \(\w+\), also at try 7\. Check the network/,
    ],
    [
      'whole',
      WrongAnswerError,
      /^The answer from http:\/\/127\.0\.0\.1:\d+\/\S+ is wrong: it has status 200 where 206 was due\. Check/,
    ],
    [
      'wrong-range',
      WrongAnswerError,
      /is wrong: it holds "bytes 6-14\/1500000" where bytes 5-14 were asked for\. Check/,
    ],
  ] as const;

  test.each(cases)('"%s" ends in its own error', async (fault, kind, sentence) => {
    const { open, hub } = await scene({ 'org/model': REPO }, { retryAfter: 0 });
    const repo = await open('org/model');
    hub.faults.every = 1;
    hub.faults.turn = [fault];
    const error = await failure(repo.read('model.safetensors', 5, 10));
    expect(error).toBeInstanceOf(kind);
    expect(error.exitCode).toBe(5);
    expect(error.message).toMatch(sentence);
  });

  test('"stall" at the first byte ends as a silence', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const repo = await open('org/model', { policy: { silence: 100, pause: async () => {} } });
    hub.faults.every = 1;
    hub.faults.turn = ['stall'];
    const error = await failure(repo.read('model.safetensors', 5, 1));
    expect(error).toBeInstanceOf(NetworkDownError);
    expect(error.message).toMatch(/can't be read: nothing came for 0\.1 s, also at try 7\./);
  });

  test('of nobody there says so', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    await hub.close();
    const error = await failure(open('org/model'));
    expect(error).toBeInstanceOf(NetworkDownError);
    expect(error.message).toMatch(
      /can't be read: the connection failed \(ECONNREFUSED\), also at try 7\. .*HF_HUB_OFFLINE=1/,
    );
    expect(error.exitCode).toBe(5);
  });
});

describe('the pauses between tries', () => {
  test('double, less a random part of up to a half', async () => {
    const { open, hub, pauses } = await scene({ 'org/model': REPO });
    const repo = await open('org/model');
    hub.faults.every = 1;
    hub.faults.turn = ['failing'];
    await failure(repo.read('model.safetensors', 0, 1));
    expect(pauses).toHaveLength(6);
    pauses.forEach((pause, i) => {
      expect(pause).toBeLessThanOrEqual(500 * 2 ** i);
      expect(pause).toBeGreaterThanOrEqual(250 * 2 ** i);
    });
  });

  test('are as long as the server asks', async () => {
    const { open, hub, pauses } = await scene({ 'org/model': REPO }, { retryAfter: 77 });
    hub.faults.every = 2;
    hub.faults.turn = ['rate'];
    await open('org/model');
    expect(pauses).toContain(77_000);
  });
});

describe('an abort', () => {
  test.each(['read', 'stream'] as const)('ends a stalled %s and its connection', async (way) => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const repo = await open('org/model', { policy: { silence: 1e9 } });
    hub.faults.every = 2;
    hub.faults.turn = ['stall'];
    const abort = new AbortController();
    const reading =
      way === 'read'
        ? repo.read('model.safetensors', 0, WEIGHTS.length, abort.signal)
        : collect(repo.stream('model.safetensors', abort.signal));
    const error = failure(reading);
    while (!hub.seen.some(({ fault }) => fault === 'stall')) {
      await new Promise((next) => setTimeout(next, 5));
    }
    abort.abort();
    expect(await error).toBeInstanceOf(InterruptedError);
    expect(await error).toMatchObject({ exitCode: 130 });
    await hub.idle();
  });

  test('ends a pause', async () => {
    const { hub, env } = await scene({ 'org/model': REPO }, { faultEvery: 1, faults: ['rate'], retryAfter: 100 });
    const abort = new AbortController();
    const { openRepo } = await import('#src/repo/open.js');
    const error = failure(openRepo('org/model', { env, signal: abort.signal }));
    while (hub.seen.length === 0) {
      await new Promise((next) => setTimeout(next, 5));
    }
    await hub.idle();
    abort.abort();
    expect(await error).toBeInstanceOf(InterruptedError);
  });

  test('before the start ends it, too', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const repo = await open('org/model');
    hub.seen.length = 0;
    expect(await failure(repo.read('model.safetensors', 0, 5, AbortSignal.abort()))).toBeInstanceOf(InterruptedError);
    expect(hub.seen).toEqual([]);
  });

  test('is not needed where the reader leaves early', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const repo = await open('org/model', { policy: { silence: 1e9 } });
    hub.faults.every = 2;
    hub.faults.turn = ['stall'];
    for await (const _ of repo.stream('model.safetensors')) {
      break;
    }
    await hub.idle();
    expect(hub.seen.at(-1)?.fault).toBe('stall');
  });
});

test('a pause is told before it is made', async () => {
  const { open, hub, pauses } = await scene({ 'org/model': REPO }, { retryAfter: 77 });
  hub.faults.every = 1;
  hub.faults.turn = ['rate'];
  const told: WaitEvent[] = [];
  const stop = (event: WaitEvent) => {
    hub.faults.every = 0;
    told.push(event);
  };
  await open('org/model', { emit: stop });
  expect(told).toEqual([
    { event: 'wait', seconds: 77, reason: 'the Hub limits the rate of requests', attempt: 2, attempts: 7 },
  ]);
  expect(pauses).toEqual([77_000]);
});
