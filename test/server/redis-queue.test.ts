import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Order, Queue } from '#src/server/queue/queue.js';
import { RedisQueue } from '#src/server/queue/redis-queue.js';
import { redisMissing, startRedis } from './redis.js';

/** Milliseconds. */
const LEASE = 30;
const ROOM = { room: 1e12 };
const done = { state: 'done', files: [], quality: null, url: null } as const;

const PARTS = ['1.gguf', '2.gguf'].map((name) => ({ files: [name], size: 100 }));
const ORDER: Order = {
  ...{ owner: 'ann', key: 'k', source: 'org/model', commit: 'c'.repeat(40), quant: ['Q8_0'], splitMaxSize: null },
  ...{ version: '1', check: false, isPublic: true, user: null, publish: null, from: null, size: 200, parts: [] },
};

/** What a process does when it dies, after what it has done before. */
const DEATHS: Readonly<Record<string, readonly [before: (queue: Queue) => unknown, last: (queue: Queue) => unknown]>> =
  {
    'orders a job': [() => {}, (queue) => queue.submit(ORDER)],
    'orders a shared job': [() => {}, (queue) => queue.submit({ ...ORDER, parts: PARTS })],
    'claims a job': [(queue) => queue.submit(ORDER), (queue) => queue.claim('mortal', LEASE, ROOM)],
    'claims a part': [
      (queue) => queue.submit({ ...ORDER, parts: PARTS }),
      (queue) => queue.claim('mortal', LEASE, ROOM),
    ],
    'takes a job over': [lose, (queue) => queue.claim('mortal', LEASE, ROOM)],
    'renews its lease': [hold, (queue) => queue.renew(hold.job, 'mortal', LEASE)],
    'gives a job back': [hold, (queue) => queue.release(hold.job, 'mortal', 1)],
    'ends a job': [hold, (queue) => queue.finish(hold.job, 'mortal', done)],
    'ends a job as failed': [
      hold,
      (queue) => queue.finish(hold.job, 'mortal', { state: 'failed', failure: { what: 'No.' } }),
    ],
    'cancels a job that waits': [submit, (queue) => queue.cancel(hold.job)],
    'cancels a job that runs': [hold, (queue) => queue.cancel(hold.job)],
  };

async function submit(queue: Queue): Promise<void> {
  hold.job = (await queue.submit(ORDER)).job.id;
}

async function hold(queue: Queue): Promise<void> {
  await submit(queue);
  await queue.claim('mortal', LEASE, ROOM);
}
hold.job = '';

async function lose(queue: Queue): Promise<void> {
  await submit(queue);
  await queue.claim('lost', 1, ROOM);
  await sleep(5);
}

/** A connection that sends some commands, and then none any more. */
class Mortal extends Redis {
  left = Number.POSITIVE_INFINITY;
  die = (): void => {};
  readonly died = new Promise<'died'>((resolve) => {
    this.die = () => resolve('died');
  });

  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    if (this.left === 0) {
      this.die();
      return new Promise(() => {});
    }
    this.left--;
    return super.sendCommand(...args);
  }
}

const redis = redisMissing === undefined ? await startRedis() : null;
afterAll(() => redis?.stop());
const title = `a process that uses Redis${redisMissing === undefined ? '' : ` (skipped: ${redisMissing})`}`;

(redis ? describe : describe.skip)(title, () => {
  const { url = '' } = redis ?? {};

  test.each(Object.entries(DEATHS))('%s, and may die after any of its commands', async (name, [before, last]) => {
    let [isAlive, commands] = [false, 0];
    for (; !isAlive; commands++) {
      const prefix = `${name}-${commands}`;
      const connection = new Mortal(url);
      const mortal = new RedisQueue(connection, prefix);
      await mortal.counts();
      await before(mortal);
      connection.left = commands;
      isAlive = (await Promise.race([Promise.resolve(last(mortal)), connection.died])) !== 'died';
      connection.disconnect();
      await sleep(LEASE + 10);
      await expectOneEnd(new RedisQueue(new Redis(url), prefix));
    }
    expect(commands).toBeGreaterThan(1);
  });
});

/** Whoever comes next orders the same, and works until nothing waits: then the job, or the one in its place, is done once. */
async function expectOneEnd(queue: Queue): Promise<void> {
  const { job } = await queue.submit({ ...ORDER, parts: PARTS });
  for (let own = await queue.claim('next', 60_000, ROOM); own; own = await queue.claim('next', 60_000, ROOM)) {
    await queue.finish(
      own.id,
      'next',
      (await queue.renew(own.id, 'next', 60_000)) === 'cancelled' ? { state: 'cancelled' } : done,
    );
  }
  expect(await queue.open('ann')).toEqual({ jobs: 0, bytes: 0 });
  for (const { id, state } of await queue.list('ann')) {
    const events = (await queue.eventsOf(id, 0)).map(({ text }) => JSON.parse(text).state);
    expect(events.filter((own) => !['queued', 'running'].includes(own))).toEqual([state]);
  }
  expect(['done', 'cancelled']).toContain((await queue.get(job.id))?.state);
  await queue.close();
}
