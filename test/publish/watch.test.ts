import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WatchEvent, type WatchedModel, type WatchParams, watch } from '#src/publish/watch.js';
import type { LoopbackHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { filesOf, startHubWithTiny, TOKEN } from './kit.js';

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

const TINY = join(fixtures, 'Tiny-Verse-2M');
const named = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);

/** An owner of 30 repositories: ten models that convert, one that moves and one that changes; the others are none, gated, or deleted. */
async function startOwner(): Promise<LoopbackHub> {
  const gated = named('gated', 5);
  const access = Object.fromEntries(gated.map((name) => [`owner/${name}`, { gated: true, members: [] }]));
  const own = await startHubWithTiny({ pageSize: 4, access });
  const folder = (name: string) => join(own.repos.root, 'owner', name);
  for (const name of [...named('model', 10), ...gated, 'moving', 'changing', ...named('deleted', 4)]) {
    cpSync(TINY, folder(name), { recursive: true });
  }
  for (const name of named('no-model', 9)) {
    mkdirSync(folder(name));
    writeFileSync(join(folder(name), 'README.md'), 'Only words.\n');
  }
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
  const folder = (name: string) => join(hub.repos.root, 'owner', name);
  const changed = tempFolder();
  let isFirst = true;
  const call = watch({ owners: ['owner'], to: 'me', quant: 'q8_0', once: true });
  for await (const event of call) {
    if (isFirst) {
      // All are listed by now.
      isFirst = false;
      for (const name of named('deleted', 4)) {
        rmSync(folder(name), { recursive: true });
      }
      hub.repos.rename('owner/moving', 'owner/moved');
    } else if (event.event === 'publication' && event.plan.source.id === 'owner/changing') {
      // While it is read.
      cpSync(TINY, changed, { recursive: true });
      writeFileSync(join(changed, 'README.md'), 'Better weights.\n');
      hub.repos.setBranch('owner/changing', 'main', changed);
      hub.repos.setChanged('owner/changing', '2026-02-01T00:00:00.000Z');
    }
  }
  const { models } = await call;
  const all = (names: readonly string[], outcome: string) => names.map((name) => [`owner/${name}`, outcome]);
  const published = [...named('model', 10), 'changing', 'moved'];
  expect(outcomes(models)).toEqual(
    Object.fromEntries([
      ...all(published, 'published'),
      ...all([...named('gated', 5), ...named('no-model', 9), ...named('deleted', 4)], 'refused'),
    ]),
  );
  expect(models.find(({ model }) => model === 'owner/gated-2')?.why).toContain('gated');
  for (const name of published) {
    const files = await filesOf(hub, `me/${name}-GGUF`);
    expect([...files.keys()].filter((path) => path.endsWith('-Q8_0.gguf'))).toHaveLength(1);
  }
  expect(await hub.repos.exists('me/gated-2-GGUF')).toBe(false);
  // What changed meanwhile is new at the next look; then there is nothing.
  expect(outcomes((await look()).models)).toEqual({ 'owner/changing': 'published' });
  expect((await look()).models).toEqual([]);
  expect(readFileSync('hf2gguf-watch.json', 'utf8')).not.toContain(TOKEN.slice(3));
  expect(readdirSync('.')).toEqual(['hf2gguf-watch.json']);
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
