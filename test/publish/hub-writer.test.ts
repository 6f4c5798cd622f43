import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commitFiles, createTarget, openTarget, uploadLarge } from '#src/publish/hub-writer.js';
import { LocalBlob } from '#src/repo/local-blob.js';
import { PlacedFaults } from '../hub/faults.mjs';
import type { HubOptions } from '../hub/server.mjs';
import { root } from '../paths.js';
import { testBytes } from '../repo/kit.js';
import { tempFolder } from '../temp.js';
import { startHubWithTiny, TO, TOKEN } from './kit.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) {
    await close();
  }
});

/** A Hub, and a new repository on it. */
async function opened(hubOptions: HubOptions = {}) {
  const hub = await startHubWithTiny(hubOptions);
  closers.push(() => hub.close());
  const options = { token: TOKEN, endpoint: hub.endpoint, emit: () => {} };
  const target = await createTarget(await openTarget(TO, options), false, options);
  const commit = (text: string, pr: boolean) => {
    const small = [{ path: 'README.md', text }];
    return commitFiles(target, { summary: 'Card', uploaded: [], small, deleted: [], pr }, options);
  };
  const posts = (path: RegExp) => hub.seen.filter((seen) => seen.method === 'POST' && path.test(seen.path));
  /** Loses the answer of the nth request from now on, once it is carried out. */
  const cut = (from: number) => {
    hub.placed = new PlacedFaults([{ fault: 'cut', from, lasting: false }]);
  };
  return { hub, target, options, commit, posts, cut };
}

test('a commit that is answered by a cut connection is made once', async () => {
  const { hub, commit, posts, cut } = await opened();
  cut(1);
  const made = await commit('about it', false);
  expect(posts(/commit/).map(({ fault }) => fault)).toEqual(['cut']);
  expect(hub.repos.written(TO).summaries).toEqual(['Card']);
  expect(made.commit).toBe(hub.repos.written(TO).commits.at(-1)?.sha);
});

test('a pull request that is answered by a cut connection is made once, and found when asked for again', async () => {
  const { hub, commit, posts, cut } = await opened();
  cut(2);
  const made = await commit('about it', true);
  expect(posts(/commit/).map(({ fault }) => fault)).toEqual(['cut']);
  expect(made.url).toBe(`${hub.endpoint}/${TO}/discussions/1`);
  expect(await commit('about it', true)).toEqual(made);
  expect((await commit('more about it', true)).url).toBe(`${hub.endpoint}/${TO}/discussions/2`);
  expect(hub.repos.written(TO).requests).toHaveLength(2);
});

test('an upload whose completion is answered by a cut connection is not sent again', async () => {
  const { hub, target, cut } = await opened({ partSize: 600_000 });
  const bytes = testBytes(1_000_000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = join(tempFolder(), 'a.gguf');
  writeFileSync(file, bytes);
  // Where to send it, two parts, the completion.
  cut(3);
  await uploadLarge(target, {
    path: 'a.gguf',
    size: bytes.length,
    sha256,
    slice: (from, to, onSent) => new LocalBlob(file, from, to - from, onSent),
  });
  expect(hub.seen.filter(({ fault }) => fault === 'cut').map(({ path }) => path)[0]).toMatch(/complete_multipart/);
  expect(hub.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
  expect(hub.storage.get(TO, sha256)?.size).toBe(bytes.length);
});

/**
 * Sends a file to an address in a process of its own, and says how many MiB of memory that took at most. What
 * `resourceUsage` says would begin with what this process has.
 */
const SENDER = `
  const { readFileSync } = await import('node:fs');
  const [dist, file, size, url] = process.argv.slice(1);
  const { CheckedFetch } = await import(dist + '/repo/checked-fetch.js');
  const { DEFAULT_POLICY } = await import(dist + '/repo/retry.js');
  const { LocalBlob } = await import(dist + '/repo/local-blob.js');
  const checked = new CheckedFetch({ endpoint: url, token: null, fetch, policy: DEFAULT_POLICY });
  await checked.send(new URL(url), { method: 'PUT', body: new LocalBlob(file, 0, Number(size)) }, { isOurs: false });
  console.log(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] / 1024);
`;

test('an upload takes the same memory whatever the size of the file', async () => {
  let received = 0;
  const storage = createServer(async (request, response) => {
    for await (const piece of request) {
      received += piece.length;
    }
    response.end();
  }).listen(0, '127.0.0.1');
  await once(storage, 'listening');
  closers.push(async () => {
    storage.closeAllConnections();
    storage.close();
  });
  const size = 500 * 2 ** 20;
  const file = join(tempFolder(), 'zeros');
  writeFileSync(file, '');
  truncateSync(file, size);
  const url = `http://127.0.0.1:${(storage.address() as AddressInfo).port}/`;
  const args = ['--input-type=module', '-e', SENDER, join(root, 'dist'), file, String(size), url];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(received).toBe(size);
  expect(Number(stdout)).toBeGreaterThan(30);
  // What waits for Node's collector differs; a copy of the file would be 500 MiB beside Node's own.
  expect(Number(stdout)).toBeLessThan(450);
});
