import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { policyOf } from '#src/repo/retry.js';
import { Transport } from '#src/repo/transport.js';
import { classOf } from '#src/server/users/addresses.js';
import { guardedFetch, type Resolve } from '#src/server/users/guarded-fetch.js';

test.each([
  [
    'public',
    ['1.1.1.1', '18.164.174.17', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'],
  ],
  ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::127.0.0.1']],
  ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd00::1', '::ffff:10.1.2.3']],
  ['link-local', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe']],
  [
    'special',
    ['0.0.0.0', '::', '224.0.0.1', '255.255.255.255', '198.18.0.1', '2002:7f00:1::', '2001:db8::1', 'ff02::1'],
  ],
] as const)('%s addresses are known whatever their form', (name, addresses) => {
  expect(addresses.map((address) => [address, classOf(address)])).toEqual(addresses.map((address) => [address, name]));
});

/** The DNS of these tests: names by what they stand for. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'hub.test': ['127.0.0.1'],
  'public.test': ['1.1.1.1'],
  'private.test': ['10.0.0.1'],
  'metadata.test': ['169.254.169.254'],
  'mixed.test': ['127.0.0.1', '10.0.0.1'],
  'mapped.test': ['::ffff:169.254.169.254'],
};
const asked: string[] = [];
const resolve: Resolve = async (host) => {
  asked.push(host);
  return (NAMES[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
};

let server: Server;
let port: number;
let answer: RequestListener;
let requests: { url: string | undefined; host: string | undefined; authorization: string | undefined }[];

beforeEach(async () => {
  [asked.length, requests] = [0, []];
  answer = (_, response) => response.end('here');
  server = createServer((request, response) => {
    const { host, authorization } = request.headers;
    requests.push({ url: request.url, host, authorization });
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** What a request of a server comes to, for a Hub at that address. */
async function reach(url: string, endpoint: string): Promise<string> {
  const fetch = guardedFetch(endpoint, resolve);
  try {
    return await (await fetch(url, { redirect: 'manual' })).text();
  } catch (error) {
    return String((error as Error).cause);
  }
}

const REFUSED = /^ForbiddenAddressError/;
const PUBLIC_HUB = 'https://public.test';

/** Ways to write addresses of this machine and of networks; `PORT` is where somebody answers. */
const SPELLINGS = [
  ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]'],
  ...['[0:0:0:0:0:ffff:7f00:1]', '0.0.0.0', '0', '[::]', '①②⑦.⓪.⓪.①', '127。0。0。1', '127.0.0.1.'],
  ...['169.254.169.254', '2852039166', '[fe80::1]', '[fd00:ec2::254]', '10.0.0.1', '192.168.0.1', '100.100.100.200'],
  ...['[64:ff9b::7f00:1]', 'hub.test', 'private.test', 'metadata.test', 'mixed.test', 'mapped.test', 'HUB.TEST'],
];

test.each(SPELLINGS)('with a Hub that is for everybody, nothing connects to %s', async (host) => {
  expect(await reach(`http://${host}:${port}/`, PUBLIC_HUB)).toMatch(REFUSED);
  expect(requests).toEqual([]);
});

test('a Hub on this machine is reached by its name or its address, and no other network by its word', async () => {
  for (const endpoint of [`http://127.0.0.1:${port}`, `http://hub.test:${port}`]) {
    expect(await reach(`http://hub.test:${port}/`, endpoint)).toBe('here');
    expect(await reach(`http://127.0.0.1:${port}/`, endpoint)).toBe('here');
    for (const host of ['10.0.0.1', 'private.test', 'metadata.test', 'mixed.test', '[fd00::1]', '169.254.169.254']) {
      expect([host, await reach(`http://${host}:${port}/`, endpoint)]).toEqual([host, expect.stringMatching(REFUSED)]);
    }
  }
});

test('the address that was looked at is the one that is connected to', async () => {
  let turn = 0;
  const turning: Resolve = async () => [{ address: turn++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
  const fetch = guardedFetch('http://127.0.0.1', turning);
  expect(await (await fetch(`http://turning.test:${port}/`)).text()).toBe('here');
  expect(turn).toBe(1);
});

/** What the client of the Hub makes of an answer that redirects. */
async function follow(location: string): Promise<string> {
  answer = ({ url }, response) =>
    url === '/first' ? response.writeHead(302, { location }).end() : response.end('here');
  const endpoint = `http://hub.test:${port}`;
  const transport = new Transport({
    ...{ endpoint, token: 'hf_TokenOfTheTests0123456789', fetch: guardedFetch(endpoint, resolve) },
    policy: policyOf({}),
  });
  try {
    const { body } = await transport.get(new URL(`${endpoint}/first`), new Headers());
    const pieces: Uint8Array[] = [];
    for await (const piece of body) {
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString();
  } catch (error) {
    return String(error);
  }
}

test('redirects are followed no further than addresses may be, and take no token to another host', async () => {
  for (const host of [
    '169.254.169.254',
    '2852039166',
    '[fe80::1]',
    'metadata.test',
    'private.test',
    'mixed.test',
    '10.1',
  ]) {
    const end = await follow(`http://${host}:${port}/latest/meta-data`);
    expect([host, end]).toEqual([host, expect.stringMatching(REFUSED)]);
  }
  for (const location of [
    'file:///etc/passwd',
    'gopher://hub.test/',
    'ftp://hub.test/',
    `http://ann:pw@hub.test:${port}/`,
  ]) {
    expect([location, await follow(location)]).toEqual([location, expect.stringMatching(/^WrongAnswerError/)]);
  }
  expect(requests.every(({ url }) => url === '/first')).toBe(true);
  expect(await follow(`http://127.0.0.1:${port}/second`)).toBe('here');
  expect(requests.at(-1)).toMatchObject({ url: '/second', authorization: undefined });
  expect(await follow('/second')).toBe('here');
  expect(requests.at(-1)?.authorization).toBe('Bearer hf_TokenOfTheTests0123456789');
});
