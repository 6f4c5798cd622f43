import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { tempFolder } from '../temp.js';
import { run } from './run.js';

const TOKEN = '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';
const HALVES = [TOKEN.slice(0, 18), TOKEN.slice(18)] as const;
const COMMIT = 'd'.repeat(40);

/** What a Hub answers that puts the token, which it was sent, wherever it can. */
const ANSWERS: Readonly<Record<string, RequestListener>> = {
  'redirects into its own pages': (_, answer) =>
    answer.writeHead(302, { location: `/${HALVES[0]}/x?${HALVES[1]}` }).end(),
  'redirects to what is no page': (_, answer) =>
    answer.writeHead(302, { location: `ftp://${TOKEN.slice(3)}.invalid/${TOKEN}` }).end(),
  'says it': (_, answer) => answer.writeHead(403, { 'x-error-message': `Bearer ${HALVES.join(' ')}` }).end(),
  'names files by it': (request, answer) => {
    const isListing = request.url?.includes('/tree/');
    const path = `${HALVES[0]}/../${HALVES[1]}`;
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(isListing ? [{ type: 'file', path, size: 1 }] : { sha: COMMIT }));
  },
  'has a configuration that is the token': (request, answer) => {
    const body = Buffer.from(`${TOKEN} ${Buffer.from(`:${TOKEN}`).toString('base64')}`);
    const isFile = request.url?.includes('/resolve/');
    const files = [{ type: 'file', path: 'config.json', size: body.length }];
    const range = `bytes 0-${body.length - 1}/${body.length}`;
    answer.writeHead(isFile ? 206 : 200, { 'content-type': 'application/json', 'content-range': range });
    answer.end(isFile ? body : JSON.stringify(request.url?.includes('/tree/') ? files : { sha: COMMIT }));
  },
};

/** Ways that a token comes to the command line. */
const WAYS = {
  HF_TOKEN: () => ({ args: [], env: { HF_TOKEN: TOKEN } }),
  '--token-file': () => {
    const file = join(tempFolder(), 'token');
    writeFileSync(file, `${TOKEN}\n`);
    return { args: ['--token-file', file], env: {} };
  },
};

test.each(
  Object.entries(ANSWERS).map(
    ([what, answer], i) => [what, i % 2 === 0 ? 'HF_TOKEN' : '--token-file', answer] as const,
  ),
)('a Hub that %s, with %s: no part of the token is shown, also in JSON and traces', async (_what, way, answer) => {
  const sent: (string | undefined)[] = [];
  const hub = createServer((request, response) => {
    sent.push(request.headers.authorization);
    answer(request, response);
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const { args, env } = WAYS[way]();
  const endpoint = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  const offline = { HF_HUB_OFFLINE: '0', HF_ENDPOINT: endpoint, HF2GGUF_DEBUG: '1', HF_HUB_DOWNLOAD_TIMEOUT: '1' };
  const all = ['org/model', ...args, '--json', '-o', tempFolder()];
  const { out, err, code } = await run(all, { ...offline, ...env });
  await new Promise((resolve) => hub.close(resolve));

  expect(sent).toContain(`Bearer ${TOKEN}`);
  expect(code).toBeGreaterThan(2);
  expect(out).toContain('"event":"error"');
  const flat = (out + err).replace(/[^0-9A-Za-z]/g, '').toLowerCase();
  const forms = [TOKEN, Buffer.from(`:${TOKEN}`).toString('base64')].map((form) =>
    form.replace(/\W|_/g, '').toLowerCase(),
  );
  const pieces = forms.flatMap((form) => Array.from({ length: form.length - 7 }, (_, i) => form.slice(i, i + 8)));
  expect({ shown: pieces.filter((piece) => flat.includes(piece)), out, err }).toEqual({ shown: [], out, err });
});

test('passwords of addresses are not shown', async () => {
  const password = 'Wq7ZpLm3Xv';
  const proxy = `http://me:${password}@127.0.0.1:1`;
  const env = { HF_HUB_OFFLINE: '0', HF_ENDPOINT: `https://me:${password}@hub.example`, HTTPS_PROXY: proxy };
  for (const args of [['org/model'], [`https://me:${password}@hub.example/org/model`], [`./${password}`]]) {
    const { out, err, code } = await run([...args, '--json'], { ...env, HF2GGUF_DEBUG: '1' });
    expect(code).toBeGreaterThan(1);
    expect(out + err).not.toContain(password);
  }
});
