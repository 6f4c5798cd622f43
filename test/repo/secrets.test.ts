import { inspect } from 'node:util';
import { openRepo } from '#src/repo/open.js';
import { holdsSecret, registerSecret, registerSecretsOf, withoutSecrets } from '#src/secrets.js';
import { failure } from './kit.js';

const TOKEN = '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';
const HALVES = [TOKEN.slice(0, 18), TOKEN.slice(18)] as const;

beforeAll(() => registerSecret(TOKEN));

/** Forms in which a server may send a token back. */
const hex = (text: string, before: string) =>
  [...Buffer.from(text)].map((byte) => before + byte.toString(16).padStart(2, '0')).join('');
const FORMS: readonly (readonly [what: string, text: string])[] = [
  ['itself', TOKEN],
  ['in small letters', TOKEN.toLowerCase()],
  ['without its beginning', TOKEN.slice(3)],
  ['its first half', HALVES[0]],
  ['its second half', HALVES[1]],
  ['the halves of an address', `https://x.example/${HALVES[0]}/y?z=${HALVES[1]}`],
  ['percent-encoded', hex(TOKEN, '%')],
  ['in hexadecimal digits', hex(TOKEN, '')],
  ['broken by lines', `${TOKEN.slice(0, 5)}\n  ${TOKEN.slice(5, 11)}\n  ${TOKEN.slice(11)}`],
  ['cut in its middle', `${TOKEN.slice(0, 12)}…${TOKEN.slice(-12)}`],
  ...['', 'u', 'us', 'user:'].flatMap((before) => [
    [`base64 after "${before}"`, Buffer.from(`${before}${TOKEN}`).toString('base64')] as const,
    [`base64url after "${before}"`, Buffer.from(`${before}${TOKEN}`).toString('base64url')] as const,
  ]),
];

test.each(FORMS)('a token is taken out: %s', (_what, text) => {
  const shown = withoutSecrets(`Before it, ${text}, after it.`);
  expect(shown).toMatch(/^Before it, .*after it\.$/s);
  expect(shown).toMatch(/hf_\.\.\.|\[secret\]/);
  // No 8 of its letters and digits are left in a row.
  const rest = shown.replace(/[^0-9a-z]/gi, '').toLowerCase();
  const pieces = Array.from({ length: text.length - 7 }, (_, i) => text.slice(i, i + 8).toLowerCase());
  expect(pieces.filter((piece) => /^[0-9a-z]{8}$/.test(piece) && rest.includes(piece))).toEqual([]);
});

test.each([
  ['hf_abcdefghijklmnopqrstuvwxyz is not ours', 'hf_... is not ours'],
  ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [secret]'],
  ["{ authorization: 'Bearer a.b' }", "{ authorization: 'Bearer [secret]' }"],
  ['sent Bearer 0123456789abcdef.xyz', 'sent Bearer [secret]'],
  ['see https://me:pass@word@hub.example/x', 'see https://[secret]@hub.example/x'],
  ['https://cdn/x?a=1&X-Amz-Signature=ab12&Policy=e30_&Key-Pair-Id=K2&b=2', /^https:\/\/cdn\/x\?a=1&.*&b=2$/],
  ['/x?token=abc, y', '/x?token=[secret] y'],
])('%s: what is a secret by its looks is taken out', (text, expected) => {
  const shown = withoutSecrets(text);
  expect(shown).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  expect(shown).not.toMatch(/abcdef|dXNl|a\.b|pass|ab12|e30_|K2|=abc/);
});

test.each([
  'https://huggingface.co/org/model@main',
  'blk.0.attn_q.weight',
  'hf_quant_config.json',
  'hf_transfer_and_more_words',
  'basic transformations',
  'the tokenizer.ggml.token_type of tokens=5',
  'sha256 0d5f2a0f7f1c0f5be0a8c34b2cd41fd1b7d4f7c44e0b7f2a4a50e3a3a4b1c9e7',
])('%s stays as it is', (text) => {
  expect(withoutSecrets(text)).toBe(text);
});

test('of an environment, tokens and the passwords of addresses are known', () => {
  registerSecretsOf({
    HUGGING_FACE_HUB_TOKEN: ' hf_1357924680\n',
    https_proxy: 'http://somebody:Kn%40ckKnock@proxy:8080',
    HF_ENDPOINT: 'https://tokenAsName@hub.example',
    HTTP_PROXY: 'no address',
  });
  for (const secret of ['hf_1357924680', 'Kn%40ckKnock', 'Kn@ckKnock', 'tokenAsName']) {
    expect(withoutSecrets(`x ${secret} x`)).toMatch(/^x (hf_\.\.\.|\[secret\]) x$/);
  }
  expect(withoutSecrets('somebody at proxy:8080')).toBe('somebody at proxy:8080');
});

describe("a Hub that puts the token into its answers' addresses finds none of it in errors", () => {
  const COMMIT = 'c'.repeat(40);
  const HUB = 'https://huggingface.co';
  const json = (value: unknown, headers = {}) => new Response(JSON.stringify(value), { headers });
  const to = (location: string, status = 302) => new Response(null, { status, headers: { location } });
  const host = TOKEN.slice(3).toLowerCase();
  // Pieces that are too short to be found in a text: such paths are not shown at all.
  const short = TOKEN.match(/.{1,5}/g)?.join('/x/') ?? '';

  const faults: readonly (readonly [what: string, answer: () => Response])[] = [
    ['a path and a query', () => to(`${HUB}/${HALVES[0]}/x?y=${HALVES[1]}`)],
    ['pieces of a path', () => to(`${HUB}/${short}`)],
    ['a path elsewhere', () => to(`https://elsewhere.example/${short}`)],
    ['the name of a host', () => to(`https://${host}.example/x`)],
    ['the names of two hosts', () => to(`https://${host.slice(0, 16)}.${host.slice(16)}.example/x`)],
    ['a name and a password', () => to(`https://${HALVES[0]}:${HALVES[1]}@elsewhere.example/x`)],
    ['no address', () => to(`file:///${TOKEN}`)],
    [
      'what it says',
      () => new Response(null, { status: 403, headers: { 'x-error-message': `No, ${HALVES.join(' ')}` } }),
    ],
    ['a range', () => new Response('x', { status: 206, headers: { 'content-range': `bytes ${TOKEN}/9` } })],
  ];

  function open(answer: (url: URL) => Response | null) {
    const fetch: typeof globalThis.fetch = async (input) => {
      const url = new URL(String(input));
      const fixed: Record<string, () => Response> = {
        [`${HUB}/api/models/org/model/revision/main`]: () => json({ sha: COMMIT }),
        [`${HUB}/api/models/org/model/tree/${COMMIT}`]: () => json([{ type: 'file', path: 'model.bin', size: 4 }]),
      };
      return answer(url) ?? fixed[url.origin + url.pathname]?.() ?? new Response(null, { status: 500 });
    };
    const policy = { tries: 2, pause: async () => {} };
    return openRepo('org/model', { token: TOKEN, env: { HOME: '/nowhere' }, fetch, policy });
  }

  function expectNothing(error: Error) {
    const text = inspect(error, { depth: 9, showHidden: true }).toLowerCase();
    const isInPieces = TOKEN.match(/.{1,5}/g)?.filter((piece) => text.includes(piece.toLowerCase())) ?? [];
    expect({ text, isInPieces }).toEqual({ text, isInPieces: [] });
    expect(holdsSecret(text)).toBe(false);
  }

  test.each(faults)('%s, when a file is read', async (_what, answer) => {
    const repo = await open((url) => (url.pathname.endsWith('/model.bin') ? answer() : null));
    const error = await failure(repo.read('model.bin', 0, 4));
    expectNothing(error);
    expect(error).toMatchObject({ exitCode: 5 });
    expect(error.message).toMatch(/model/);
  });

  test.each(faults)('%s, when the model is opened', async (_what, answer) => {
    expectNothing(await failure(open((url) => (url.pathname.endsWith('/revision/main') ? answer() : null))));
  });

  test('the next page of a listing', async () => {
    const link = `<${HUB}/api/models/org/model/tree/${COMMIT}/${short}>; rel="next"`;
    const error = await failure(open((url) => (url.pathname.endsWith(`/tree/${COMMIT}`) ? json([], { link }) : null)));
    expectNothing(error);
    expect(error.message).toMatch(/^https:\/\/huggingface\.co\/… fails with status 500/);
  });
});
