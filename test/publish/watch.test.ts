import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WatchEvent, type WatchedModel, type WatchParams, watch } from '#src/publish/watch.js';
import type { LoopbackHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { startHubWithTiny, TOKEN } from './kit.js';

const environment = { ...process.env };
const place = process.cwd();
let hub: LoopbackHub;

beforeEach(() => {
  process.env.HF_HOME = tempFolder();
  process.env.HF_TOKEN = TOKEN;
  delete process.env.HF_HUB_OFFLINE;
  process.chdir(tempFolder());
});

afterEach(async () => {
  process.chdir(place);
  process.env = { ...environment };
  await hub.close();
});

/** An owner of ten models that convert, one that is gated, one that is none, one that is deleted after it was listed. */
async function startOwner(): Promise<LoopbackHub> {
  const gated = { gated: true, members: [] };
  const own = await startHubWithTiny({ pageSize: 4, access: { 'owner/gated': gated } });
  for (const name of [...Array.from({ length: 10 }, (_, i) => `model-${i}`), 'gated']) {
    cpSync(join(fixtures, 'Tiny-Verse-2M'), join(own.repos.root, 'owner', name), { recursive: true });
  }
  mkdirSync(join(own.repos.root, 'owner/no-model'));
  writeFileSync(join(own.repos.root, 'owner/no-model/README.md'), 'Only words.\n');
  return own;
}

async function look(params: Partial<WatchParams> = {}) {
  const events: WatchEvent[] = [];
  const call = watch({ owners: ['owner'], to: 'me', quant: 'q8_0', once: true, ...params });
  for await (const event of call) {
    events.push(event);
  }
  return { events, models: (await call).models };
}

const outcomes = (models: readonly WatchedModel[]) => Object.fromEntries(models.map((own) => [own.model, own.outcome]));

test('publishes what converts, says once why the rest does not, and has nothing to do the second time', async () => {
  hub = await startOwner();
  const { models } = await look();
  const published = Array.from({ length: 10 }, (_, i) => [`owner/model-${i}`, 'published']);
  expect(outcomes(models)).toEqual({
    ...Object.fromEntries(published),
    'owner/gated': 'refused',
    'owner/no-model': 'refused',
  });
  expect(models.find(({ model }) => model === 'owner/gated')?.why).toContain('gated');
  expect(await hub.repos.exists('me/model-3-GGUF')).toBe(true);
  expect(await hub.repos.exists('me/gated-GGUF')).toBe(false);
  expect((await look()).models).toEqual([]);
  expect(readFileSync('hf2gguf-watch.json', 'utf8')).not.toContain(TOKEN.slice(3));
});

test('a model that has changed is published again', async () => {
  hub = await startOwner();
  await look();
  const changed = tempFolder();
  cpSync(join(hub.repos.root, 'owner/no-model'), changed, { recursive: true });
  cpSync(join(fixtures, 'Tiny-Verse-2M'), changed, { recursive: true });
  hub.repos.setBranch('owner/no-model', 'main', changed);
  hub.repos.setChanged('owner/no-model', '2026-02-01T00:00:00.000Z');
  expect(outcomes((await look()).models)).toEqual({ 'owner/no-model': 'published' });
});

test('a model that is gone when it is read does not stop the others', async () => {
  hub = await startOwner();
  const call = watch({ owners: ['owner'], to: 'me', quant: 'q8_0', once: true });
  for await (const event of call) {
    if (event.event === 'model' && event.outcome === 'published') {
      rmSync(join(hub.repos.root, 'owner/model-9'), { recursive: true, force: true });
      rmSync(join(hub.repos.root, 'owner/model-0'), { recursive: true, force: true });
    }
  }
  const { models } = await call;
  expect(models).toHaveLength(12);
  expect(models.filter(({ outcome }) => outcome === 'published').length).toBeGreaterThanOrEqual(8);
});

test('webhooks are taken with the right secret alone', async () => {
  hub = await startOwner();
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  process.env.HF2GGUF_WEBHOOK_SECRET = 'the secret of the hook';
  const stop = new AbortController();
  const send = (secret: string) => {
    const body = JSON.stringify({ event: { action: 'update' }, repo: { type: 'model', name: 'owner/no-model' } });
    const headers = { 'x-webhook-secret': secret };
    return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers }).then(({ status }) => status);
  };
  const { once: _, ...params } = { owners: ['owner'], to: 'me', quant: 'q8_0' as const, webhook: port, once: false };
  const statuses: number[] = [];
  let looks = 0;
  const going = (async () => {
    for await (const event of watch({ ...params, signal: stop.signal })) {
      if (event.event === 'sleep' && ++looks === 1) {
        statuses.push(await send('a wrong one'), await send('the secret of the hook'));
      } else if (event.event === 'sleep') {
        stop.abort();
      }
    }
  })();
  await expect(going).rejects.toThrow(/Interrupted/);
  expect(statuses).toEqual([401, 204]);
  expect(looks).toBe(2);
});

test('without a secret it does not listen', async () => {
  hub = await startOwner();
  delete process.env.HF2GGUF_WEBHOOK_SECRET;
  await expect(watch({ owners: ['owner'], to: 'me', quant: 'q8_0', webhook: 1 })).rejects.toThrow(
    /HF2GGUF_WEBHOOK_SECRET is not set/,
  );
});
