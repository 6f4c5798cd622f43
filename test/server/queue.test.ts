import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { JobPart } from '#src/server/api.js';
import type { Limits, Order, Queue } from '#src/server/queue/queue.js';
import { RedisQueue } from '#src/server/queue/redis-queue.js';
import { SqliteQueue } from '#src/server/queue/sqlite-queue.js';
import { tempFolder } from '../temp.js';
import { redisMissing, startRedis } from './redis.js';

const redis = redisMissing === undefined ? await startRedis() : null;
afterAll(() => redis?.stop());
let prefixes = 0;

/** Queues by their name: each call gives one more process's view of the same jobs. */
const QUEUES = {
  SQLite: () => {
    const path = join(tempFolder(), 'queue.db');
    return () => new SqliteQueue(path);
  },
  ...(redis && {
    Redis: () => {
      const prefix = `test-${prefixes++}`;
      return () => new RedisQueue(new Redis(redis.url), prefix);
    },
  }),
} satisfies Record<string, () => () => Queue>;

const LEASE = 60_000;
const ROOM = 1e12;

const order = (owner: string, name: string, size = 1000, parts: readonly JobPart[] = []): Order => {
  return {
    owner,
    key: name,
    version: '1.0.0',
    source: `org/${name}`,
    commit: 'c'.repeat(40),
    quant: ['Q8_0'],
    splitMaxSize: null,
    check: false,
    isPublic: true,
    user: null,
    publish: null,
    from: null,
    size,
    parts,
  };
};
const file = { name: 'Model-Q8_0.gguf', type: 'Q8_0', size: 1000 };
const figure = { value: 1.5, error: 0.1 };
const quality = {
  ...{ chunks: 10, ctx: 512, tokens: 2550, perplexity: figure, plot: 'quality.svg' },
  models: [{ type: 'Q8_0', perplexity: figure, kld: figure, sameTop: figure }],
};
const done = { state: 'done', files: [file], quality: null, url: null } as const;

/** The parts of a job that three workers share, a file each. */
const PARTS: readonly JobPart[] = ['1', '2', '3'].map((name) => ({ files: [`${name}.gguf`], size: 100 }));
const doneWith = (name: string) => ({ ...done, files: [{ ...file, name }] });

if (redisMissing !== undefined) {
  test.skip(`a queue in Redis (skipped: ${redisMissing})`, () => {});
}

describe.each(Object.entries(QUEUES))('a queue in %s', (_, make) => {
  let open: () => Queue;
  let queue: Queue;
  const queues: Queue[] = [];

  beforeEach(() => {
    const view = make();
    open = () => {
      const own = view();
      queues.push(own);
      return own;
    };
    queue = open();
  });

  afterEach(async () => {
    for (const own of queues.splice(0)) {
      await own.close();
    }
  });

  const submit = async (owner: string, name: string, size?: number) => {
    return (await queue.submit(order(owner, name, size))).job.id;
  };
  const claim = async (worker = 'w', room = ROOM, lease = LEASE) =>
    (await queue.claim(worker, lease, { room }))?.source;
  const events = async (id: string) => (await queue.eventsOf(id, 0)).map(({ text }) => JSON.parse(text));

  test('jobs survive their process, in order, and end once', async () => {
    const id = await submit('ann', 'a');
    await submit('ann', 'b');
    const other = open();
    expect(await other.place(id)).toBe(0);
    expect((await other.claim('w', LEASE, { room: ROOM }))?.id).toBe(id);
    expect(await other.place(id)).toBeNull();
    await other.append(id, 'w', [
      { event: 'phase', phase: 'fill' },
      { event: 'progress', unit: 'bytes', done: 1, total: 2 },
    ]);
    await other.finish(id, 'w', { state: 'done', files: [file], quality, url: null });
    await other.finish(id, 'w', { state: 'failed', failure: { what: 'Too late.' } });
    expect(await queue.get(id)).toMatchObject({
      state: 'done',
      files: [file],
      quality,
      failure: null,
      ended: expect.any(Number),
    });
    expect(await events(id)).toEqual([
      ...[
        { event: 'state', state: 'queued' },
        { event: 'state', state: 'running' },
      ],
      ...[
        { event: 'phase', phase: 'fill' },
        { event: 'state', state: 'done' },
      ],
    ]);
    expect(await queue.counts()).toMatchObject({ queued: 1, done: 1, running: 0 });
  });

  test('one job makes the same files for all who want them', async () => {
    const id = await submit('ann', 'a');
    expect(await queue.submit(order('bob', 'a'))).toMatchObject({ isNew: false, job: { id } });
    expect([await queue.isOwner(id, 'bob'), await queue.isOwner(id, 'eve')]).toEqual([true, false]);
    await claim();
    await queue.finish(id, 'w', { state: 'done', files: [file], quality: null, url: null });
    expect(await queue.submit(order('eve', 'a'))).toMatchObject({ isNew: false, job: { id, state: 'done' } });
    expect((await queue.list('eve')).map((job) => job.id)).toEqual([id]);
  });

  test('what failed is tried again when it is ordered again', async () => {
    const id = await submit('ann', 'a');
    await claim();
    await queue.finish(id, 'w', { state: 'failed', failure: { what: 'No.', next: 'Wait.' } });
    expect((await queue.get(id))?.failure).toEqual({ what: 'No.', next: 'Wait.' });
    const again = await queue.submit(order('ann', 'a'));
    expect(again.isNew).toBe(true);
    expect((await queue.list('ann')).map((job) => job.id)).toEqual([again.job.id, id]);
  });

  test('users take turns', async () => {
    for (const name of ['a1', 'a2', 'a3']) {
      await submit('ann', name);
    }
    const last = await submit('bob', 'b1');
    await submit('bob', 'b2');
    expect(await queue.place(last)).toBe(1);
    const claimed = [];
    for (let i = 0; i < 5; i++) {
      claimed.push(await claim(`w${i}`));
    }
    expect(claimed).toEqual(['org/a1', 'org/b1', 'org/a2', 'org/b2', 'org/a3']);
    expect(await claim()).toBeUndefined();
    expect([await queue.open('ann'), await queue.open('eve')]).toEqual([
      { jobs: 3, bytes: 3000 },
      { jobs: 0, bytes: 0 },
    ]);
  });

  test('an owner has no more jobs running than the limit', async () => {
    await submit('ann', 'a1');
    await submit('ann', 'a2');
    await submit('bob', 'b1');
    const limited = async () => (await queue.claim('w', LEASE, { room: ROOM, perUser: 1 }))?.source;
    expect([await limited(), await limited(), await limited()]).toEqual(['org/a1', 'org/b1', undefined]);
  });

  test('a job that would not fit waits, and others go before it', async () => {
    await submit('ann', 'large', 5000);
    await submit('ann', 'small', 10);
    expect(await claim('w', 1000)).toBe('org/small');
    expect(await claim('w', 1000)).toBeUndefined();
    expect(await claim('w', 6000)).toBe('org/large');
  });

  test("a lost worker's job is taken over, and the lost one changes nothing any more", async () => {
    const id = await submit('ann', 'a');
    await claim('lost', ROOM, 1);
    await sleep(5);
    expect(await claim('next')).toBe('org/a');
    expect(await queue.renew(id, 'lost', LEASE)).toBe('lost');
    expect(await queue.renew(id, 'next', LEASE)).toBe('go on');
    await queue.append(id, 'lost', [{ event: 'phase', phase: 'open' }]);
    await queue.finish(id, 'lost', { state: 'done', files: [], quality: null, url: null });
    expect((await queue.get(id))?.state).toBe('running');
    expect(await events(id)).not.toContainEqual({ event: 'phase', phase: 'open' });
  });

  test('what is given back is the next job again', async () => {
    const id = await submit('ann', 'a');
    await claim();
    await queue.release(id, 'w');
    expect((await queue.get(id))?.state).toBe('queued');
    expect(await claim('other')).toBe('org/a');
  });

  test('a job that failed for a while is not due before its pause is over, and others go before it', async () => {
    const id = await submit('ann', 'a');
    await submit('ann', 'b');
    await claim();
    await queue.release(id, 'w', 200);
    expect(await claim()).toBe('org/b');
    expect(await claim()).toBeUndefined();
    await sleep(250);
    expect(await queue.claim('w', LEASE, { room: ROOM })).toMatchObject({ id, attempts: 2 });
  });

  test('jobs that ended long ago are forgotten, with their events', async () => {
    const [old, waits] = [await submit('ann', 'a'), await submit('ann', 'b')];
    await claim();
    await queue.finish(old, 'w', { state: 'done', files: [file], quality: null, url: null });
    expect(await queue.expire(Date.now() - 1000)).toEqual([]);
    expect(await queue.expire(Date.now() + 1000)).toEqual([old]);
    expect([await queue.get(old), await events(old)]).toEqual([null, []]);
    expect((await queue.list('ann')).map(({ id }) => id)).toEqual([waits]);
    expect((await queue.submit(order('ann', 'a'))).isNew).toBe(true);
  });

  test('a job that waits is cancelled at once, one that runs through its worker or its loss', async () => {
    const [first, second, third] = [await submit('ann', 'a'), await submit('ann', 'b'), await submit('ann', 'c')];
    await queue.cancel(third);
    expect((await queue.get(third))?.state).toBe('cancelled');
    await claim('w');
    await claim('lost', ROOM, 1);
    await queue.cancel(first);
    await queue.cancel(second);
    expect(await queue.renew(first, 'w', LEASE)).toBe('cancelled');
    await queue.finish(first, 'w', { state: 'cancelled' });
    await sleep(5);
    expect(await claim()).toBeUndefined();
    expect([(await queue.get(first))?.state, (await queue.get(second))?.state]).toEqual(['cancelled', 'cancelled']);
  });

  test('two processes never claim one job', async () => {
    for (let i = 0; i < 40; i++) {
      await submit(`user-${i % 3}`, `m${i}`);
    }
    const views = [open(), open(), open()];
    const claimed: (string | undefined)[] = [];
    await Promise.all(
      views.map(async (view, i) => {
        for (
          let job = await view.claim(`w${i}`, LEASE, { room: ROOM });
          job;
          job = await view.claim(`w${i}`, LEASE, { room: ROOM })
        ) {
          claimed.push(job.source);
          await sleep(1);
        }
      }),
    );
    expect(new Set(claimed).size).toBe(40);
    expect(claimed).toHaveLength(40);
  });

  test('events have growing numbers, over all jobs', async () => {
    const [a, b] = [await submit('ann', 'a'), await submit('bob', 'b')];
    const last = await queue.lastEvent();
    await claim();
    await queue.append(a, 'w', [{ event: 'phase', phase: 'open' }]);
    const found = await queue.eventsAfter(last);
    expect(found.map(({ job, text }) => [job, JSON.parse(text).event])).toEqual([
      [a, 'state'],
      [a, 'phase'],
    ]);
    expect(found.map(({ id }) => id)).toEqual([...found.map(({ id }) => id)].sort((x, y) => x - y));
    expect((await queue.eventsOf(b, 0)).length).toBe(1);
  });

  describe('a shared job', () => {
    const share = async (owner = 'ann', name = 'large') => {
      return (await queue.submit(order(owner, name, 300, PARTS))).job.id;
    };
    const take = (worker: string, limits: Partial<Limits> = {}) =>
      queue.claim(worker, LEASE, { room: ROOM, ...limits });
    const states = async (id: string) => {
      return Promise.all([id, `${id}.0`, `${id}.1`, `${id}.2`].map(async (own) => (await queue.get(own))?.state));
    };

    test('is worked on by parts, and done with all of them', async () => {
      const id = await share();
      expect((await queue.get(id))?.parts).toEqual(PARTS);
      const other = open();
      expect(await take('a')).toMatchObject({
        ...{ id: `${id}.0`, parent: id, part: ['1.gguf'], parts: [], size: 100, state: 'running' },
        ...{ source: 'org/large', quant: ['Q8_0'] },
      });
      expect(await other.claim('b', LEASE, { room: ROOM })).toMatchObject({ id: `${id}.1`, part: ['2.gguf'] });
      expect((await take('c'))?.id).toBe(`${id}.2`);
      expect(await take('d')).toBeNull();
      await queue.finish(`${id}.2`, 'c', doneWith('3.gguf'));
      await queue.finish(`${id}.0`, 'a', doneWith('1.gguf'));
      expect(await states(id)).toEqual(['running', 'done', 'running', 'done']);
      await other.finish(`${id}.1`, 'b', doneWith('2.gguf'));
      const all = await queue.get(id);
      expect(all).toMatchObject({ state: 'done', ended: expect.any(Number), parent: null, part: null, failure: null });
      expect(all?.files.map(({ name }) => name)).toEqual(['1.gguf', '2.gguf', '3.gguf']);
      expect(await queue.submit(order('bob', 'large', 300, PARTS))).toMatchObject({ isNew: false, job: { id } });
    });

    test('is one job to whoever lists, counts or follows jobs', async () => {
      const id = await share();
      const next = await submit('bob', 'b');
      expect((await queue.list('ann')).map((job) => job.id)).toEqual([id]);
      expect([await queue.open('ann'), await queue.counts()]).toMatchObject([
        { jobs: 1, bytes: 300 },
        { queued: 2, running: 0 },
      ]);
      expect([await queue.isOwner(id, 'ann'), await queue.isOwner(`${id}.0`, 'ann')]).toEqual([true, false]);
      expect([await queue.place(id), await queue.place(next)]).toEqual([0, 1]);
      await take('a');
      expect(await queue.counts()).toMatchObject({ queued: 1, running: 1 });
      expect(await take('b')).toMatchObject({ source: 'org/b' });
      await take('c');
      await queue.append(`${id}.0`, 'a', [{ event: 'phase', phase: 'fill' }]);
      await queue.append(`${id}.1`, 'c', [{ event: 'progress', unit: 'bytes', done: 1, total: 2 }]);
      await queue.finish(`${id}.0`, 'a', doneWith('1.gguf'));
      expect(await events(id)).toEqual([
        { event: 'state', state: 'queued' },
        { event: 'state', state: 'running' },
        { event: 'phase', phase: 'fill', part: 0 },
        { event: 'progress', unit: 'bytes', done: 1, total: 2, part: 1 },
      ]);
      await queue.finish(`${id}.1`, 'c', doneWith('2.gguf'));
      await take('a');
      await queue.finish(`${id}.2`, 'a', doneWith('3.gguf'));
      expect((await events(id)).slice(2)).toEqual([
        { event: 'phase', phase: 'fill', part: 0 },
        { event: 'state', state: 'done' },
      ]);
      expect((await queue.eventsAfter(0)).map(({ job }) => job).filter((job) => job.includes('.'))).toEqual([]);
      expect((await queue.get(id))?.state).toBe('done');
    });

    test('takes turns by its parts, within the limit for its owner', async () => {
      await share();
      await submit('bob', 'b');
      const claimed = [];
      for (const worker of ['a', 'b', 'c', 'd', 'e']) {
        claimed.push((await take(worker, { perUser: 2 }))?.source);
      }
      expect(claimed).toEqual(['org/large', 'org/b', 'org/large', undefined, undefined]);
    });

    test('begins where there is room for all of it', async () => {
      await share();
      expect(await take('a', { room: 299 })).toBeNull();
      expect(await take('a', { room: 300 })).not.toBeNull();
      // The file of the first part takes its room by now, or will.
      expect(await take('b', { room: 199 })).toBeNull();
      expect(await take('b', { room: 200 })).not.toBeNull();
    });

    test('goes on where a part is given back, or its worker is lost', async () => {
      const id = await share();
      await take('a');
      await queue.claim('lost', 1, { room: ROOM });
      await queue.release(`${id}.0`, 'a');
      await sleep(5);
      expect((await take('b'))?.id).toBe(`${id}.0`);
      expect(await take('c')).toMatchObject({ id: `${id}.1`, attempts: 2 });
      await queue.append(`${id}.1`, 'lost', [{ event: 'phase', phase: 'open' }]);
      await queue.finish(`${id}.1`, 'lost', doneWith('2.gguf'));
      expect(await states(id)).toEqual(['running', 'running', 'running', 'queued']);
      expect(await events(id)).toEqual([
        { event: 'state', state: 'queued' },
        { event: 'state', state: 'running' },
      ]);
    });

    test('fails with a part of it, once no other part goes on', async () => {
      const id = await share();
      await take('a');
      await take('b');
      await queue.finish(`${id}.0`, 'a', { state: 'failed', failure: { what: 'No.' } });
      expect(await states(id)).toEqual(['running', 'failed', 'running', 'cancelled']);
      expect(await queue.renew(`${id}.1`, 'b', LEASE)).toBe('cancelled');
      await queue.finish(`${id}.1`, 'b', { state: 'cancelled' });
      expect(await queue.get(id)).toMatchObject({ state: 'failed', failure: { what: 'No.' }, files: [] });
      expect((await events(id)).at(-1)).toEqual({ event: 'state', state: 'failed' });
      expect(await take('a')).toBeNull();
      expect((await queue.submit(order('ann', 'large', 300, PARTS))).isNew).toBe(true);
    });

    test('is cancelled with all its parts', async () => {
      const [id, waits] = [await share(), await share('ann', 'other')];
      await queue.cancel(waits);
      expect(await states(waits)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
      expect((await events(waits)).at(-1)).toEqual({ event: 'state', state: 'cancelled' });
      await take('a');
      await queue.claim('lost', 1, { room: ROOM });
      await queue.cancel(id);
      expect(await queue.renew(`${id}.0`, 'a', LEASE)).toBe('cancelled');
      await queue.finish(`${id}.0`, 'a', { state: 'cancelled' });
      expect(await states(id)).toEqual(['running', 'cancelled', 'running', 'cancelled']);
      await sleep(5);
      expect(await take('b')).toBeNull();
      expect(await states(id)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
    });

    test('is forgotten as a whole', async () => {
      const id = await share();
      for (const part of ['0', '1', '2']) {
        await take('a');
        await queue.finish(`${id}.${part}`, 'a', done);
      }
      expect(await queue.expire(Date.now() + 1000)).toEqual([id]);
      expect(await states(id)).toEqual([undefined, undefined, undefined, undefined]);
      expect(await events(id)).toEqual([]);
    });
  });
});
