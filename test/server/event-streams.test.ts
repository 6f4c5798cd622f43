import { join } from 'node:path';
import { Hono } from 'hono';
import type { Job } from '#src/server/api.js';
import { EventStreams } from '#src/server/http/event-streams.js';
import { SqliteQueue } from '#src/server/queue/sqlite-queue.js';
import { tempFolder } from '../temp.js';

test('a stream has the end of a job also where it is over before the end was heard', async () => {
  const queue = new SqliteQueue(join(tempFolder(), 'queue.db'));
  const { job } = await queue.submit({
    ...{ version: '1', owner: 'ann', key: 'k', source: 'org/model', commit: 'c'.repeat(40), quant: ['Q8_0'], size: 1 },
    ...{ splitMaxSize: null, check: false, isPublic: true, user: null, publish: null, from: null, parts: [] },
  });
  await queue.claim('w', 60_000, { room: 10 });
  const streams = new EventStreams(queue);
  const app = new Hono();
  // The worker ends the job just before the stream looks whether it is over.
  const view = async () => {
    await queue.finish(job.id, 'w', { state: 'done', files: [], quality: null, url: null });
    return { ...(await queue.get(job.id)), place: null } as unknown as Job;
  };
  app.get('/', (context) => streams.open(context, job.id, 0, 'ann', view));
  const text = await (await app.request('/', {}, {})).text();
  expect([...text.matchAll(/"state":"(\w+)"/g)].map(([, state]) => state)).toEqual(['queued', 'running', 'done']);
  streams.close();
  await queue.close();
});
