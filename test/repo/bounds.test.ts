import type { WaitEvent } from '#src/events.js';
import { NetworkDownError, RateLimitedError, ServerFailingError, TooSlowError } from '#src/repo/errors.js';
import { openRepo } from '#src/repo/open.js';
import type { NetworkPolicy } from '#src/repo/retry.js';
import { expectBytes, failure, testBytes } from './kit.js';

const COMMIT = 'a'.repeat(40);
const FILE = testBytes(200_000);
const MINUTE = 60_000;

/** A Hub with a clock that goes on in pauses and where the test says so. */
async function clockedHub(
  file: (from: number, to: number, clock: Clock) => Response,
  policy: Partial<NetworkPolicy> = {},
) {
  const clock: Clock = { now: 0, pauses: [], told: [], requests: 0 };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    if (pathname.includes('/revision/')) {
      return json({ sha: COMMIT });
    }
    if (pathname.includes('/tree/')) {
      return json([{ type: 'file', path: 'model.bin', size: FILE.length, oid: 'b'.repeat(40) }]);
    }
    clock.requests++;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '') ?? [];
    return file(Number(from), Number(to), clock);
  };
  const repo = await openRepo('org/model', {
    token: '',
    env: { HOME: '/nowhere' },
    fetch,
    emit: (event) => clock.told.push(event),
    policy: {
      elapsed: () => clock.now,
      pause: async (ms) => {
        clock.pauses.push(ms);
        clock.now += ms;
      },
      ...policy,
    },
  });
  return { repo, clock };
}

interface Clock {
  now: number;
  readonly pauses: number[];
  readonly told: WaitEvent[];
  requests: number;
}

const json = (value: unknown) => new Response(JSON.stringify(value));

/** Gives these pieces of a range, a time apart, then breaks off, unless the range is at its end. */
function pieces(from: number, to: number, sizes: Iterable<number>, clock: Clock, apart = 0): Response {
  const coming = sizes[Symbol.iterator]();
  let at = from;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { value: size, done } = coming.next();
        if (at > to) {
          controller.close();
        } else if (done) {
          controller.error(new Error('broken'));
        } else {
          clock.now += apart;
          const end = Math.min(at + size, to + 1);
          controller.enqueue(FILE.slice(at, end));
          at = end;
        }
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: 206, headers: { 'content-range': `bytes ${from}-${to}/${FILE.length}` } });
}

function* forever(size: number): Generator<number> {
  for (;;) {
    yield size;
  }
}

describe('a server that gives too little', () => {
  test('a byte, and breaks off, again and again', async () => {
    const { repo, clock } = await clockedHub((from, to, clock) => pieces(from, to, [1], clock));
    const error = await failure(repo.read('model.bin', 0, FILE.length));
    expect(error).toBeInstanceOf(NetworkDownError);
    expect(error.message).toMatch(/the connection broke, also at try 7\./);
    expect(clock.requests).toBe(7);
  });

  test('a byte every 5 seconds', async () => {
    const { repo, clock } = await clockedHub((from, to, clock) => pieces(from, to, forever(1), clock, 5000));
    const error = await failure(repo.read('model.bin', 0, FILE.length));
    expect(error.message).toMatch(/can't be read: only 12 bytes came in 60 s, also at try 7\./);
    expect(clock.now).toBeLessThan(8.5 * MINUTE);
  });

  test('just enough to be waited for, but not in the whole', async () => {
    // 61,440 bytes are a minute's least; what is lost in pauses adds up.
    const { repo, clock } = await clockedHub((from, to, clock) =>
      pieces(from, to, [20_000, 45_000], clock, 9 * MINUTE),
    );
    const error = await failure(repo.read('model.bin', 0, FILE.length));
    expect(error).toBeInstanceOf(TooSlowError);
    expect(error.message).toMatch(/is too slow: \d+ bytes came in 24 minutes, with \d tries\./);
    expect(clock.now).toBeLessThan(45 * MINUTE);
  });

  test('is not blamed for the time that the reader takes', async () => {
    const { repo, clock } = await clockedHub((from, to, clock) => pieces(from, to, forever(10_000), clock, 1000));
    let bytes = 0;
    // The stream's hash is not the test's: only pieces are looked at.
    await failure(
      (async () => {
        for await (const piece of repo.stream('model.bin')) {
          bytes += piece.length;
          await new Promise(setImmediate); // What is read ahead has come.
          clock.now += 60 * MINUTE;
        }
      })(),
    );
    expect(bytes).toBe(FILE.length);
  });
});

describe('a slow line is waited for', () => {
  test('at 1100 bytes a second', async () => {
    const { repo, clock } = await clockedHub((from, to, clock) => pieces(from, to, forever(1100), clock, 1000));
    expectBytes(await repo.read('model.bin', 0, FILE.length), FILE);
    expect(clock.requests).toBe(1);
  });

  test('that breaks off every 70,000 bytes', async () => {
    const { repo } = await clockedHub((from, to, clock) => pieces(from, to, [70_000], clock), { tries: 2 });
    expectBytes(await repo.read('model.bin', 0, FILE.length), FILE);
  });
});

describe('what a server wants to be waited for', () => {
  const limited = (status: number, after: string) => () =>
    new Response(null, { status, headers: { 'retry-after': after } });

  test.each([
    [429, RateLimitedError, /limits the rate of requests\. Run it again after/],
    [503, ServerFailingError, /fails with status 503\. Run it again after/],
  ] as const)('beyond the bound is not waited for, with status %d', async (status, kind, sentence) => {
    const { repo, clock } = await clockedHub(limited(status, '100000'));
    const error = await failure(repo.read('model.bin', 0, 10));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(sentence);
    const [, time = '', rest] = /after ([\d-]+ [\d:]+ UTC), (.*)$/.exec(error.message) ?? [];
    expect(Math.abs(Date.parse(time) - Date.now() - 100_000_000)).toBeLessThan(MINUTE);
    expect(rest).toMatch(/^in 28 hours \(HF2GGUF_MAX_WAIT=100000 waits that long\)/);
    expect([clock.requests, clock.pauses, clock.told]).toEqual([1, [], []]);
  });

  test('for ever has an error, too', async () => {
    const { repo } = await clockedHub(limited(429, '9'.repeat(30)));
    expect((await failure(repo.read('model.bin', 0, 10))).message).toMatch(/, in 365 days /);
  });

  test('in sum is bounded, and each pause is told', async () => {
    const { repo, clock } = await clockedHub(limited(429, '250'));
    const error = await failure(repo.read('model.bin', 0, 10));
    expect(error.message).toMatch(/limits the rate of requests, also at try 3\. Run it again after .*, in 5 minutes /);
    expect(clock.pauses).toEqual([250_000, 250_000]);
    expect(clock.told.map(({ seconds }) => seconds)).toEqual([250, 250]);
  });

  test('is as long as HF2GGUF_MAX_WAIT allows', async () => {
    const { repo, clock } = await clockedHub(limited(429, '250'), { longestWait: 200_000 });
    await failure(repo.read('model.bin', 0, 10));
    expect(clock.pauses).toEqual([]);
  });
});

test('every second request failing is got over, thousands of times and eight at a time', async () => {
  let turn = 0;
  const { repo, clock } = await clockedHub(
    (from, to, clock) => (turn++ % 2 ? new Response(null, { status: 500 }) : pieces(from, to, [1e6], clock)),
    // Requests come to the server in an order that no one knows.
    { pause: () => new Promise((next) => (Math.random() < 0.5 ? setImmediate(next) : next(undefined))) },
  );
  const places = Array.from({ length: 4000 }, (_, i) => (i * 37) % (FILE.length - 50));
  const readers = Array.from({ length: 8 }, async () => {
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      expectBytes(await repo.read('model.bin', place, 50), FILE.slice(place, place + 50));
    }
  });
  await Promise.all(readers);
  expect(clock.requests).toBeGreaterThan(7000);
});
