import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutSecrets } from '#src/secrets.js';
import { keyOf, passingKey, UserTokens } from '#src/server/users/user-tokens.js';
import { tempFolder } from '../temp.js';

const entry = { token: 'hf_oauth_TokenOfAUserOfTheTests.0123456789', until: Date.now() + 1e6, scopes: ['read-repos'] };

test('a token is its own user’s, with the same key alone, as long as it is good', async () => {
  const folder = tempFolder();
  const key = passingKey();
  const tokens = new UserTokens(folder, key);
  await tokens.put('hf:ann', entry);
  expect(await new UserTokens(folder, key).get('hf:ann')).toEqual(entry);
  expect(await tokens.get('hf:bob')).toBeNull();
  expect(await new UserTokens(folder, passingKey()).get('hf:ann')).toBeNull();
  await tokens.put('hf:ann', { ...entry, until: Date.now() - 1 });
  expect(await tokens.get('hf:ann')).toBeNull();
  await tokens.removeOld();
  expect(readdirSync(folder)).toEqual([]);
});

test('files are for their owner alone, say nothing in clear, and are bound to the user and to their time', async () => {
  const folder = tempFolder();
  const tokens = new UserTokens(folder, passingKey());
  await tokens.put('hf:ann', entry);
  await tokens.put('hf:bob', { ...entry, token: 'hf_oauth_AnotherOne.0123456789abcdefgh' });
  await tokens.removeOld();
  const paths = readdirSync(folder).map((name) => join(folder, name));
  expect(paths.map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
  const [first = '', second = ''] = paths;
  expect(readFileSync(first).includes('read-repos') || readFileSync(first).includes(entry.token)).toBe(false);
  // Whoever may write here, but has no key, can neither give one user the token of another nor make it last.
  const own = readFileSync(first);
  writeFileSync(first, readFileSync(second));
  expect([await tokens.get('hf:ann'), await tokens.get('hf:bob')]).toContain(null);
  own.writeBigUInt64BE(2n ** 62n);
  writeFileSync(first, own);
  expect([await tokens.get('hf:ann'), await tokens.get('hf:bob')]).toContain(null);
  writeFileSync(first, own.subarray(0, 20));
  expect([await tokens.get('hf:ann'), await tokens.get('hf:bob')]).toContain(null);
});

test('a token that was read is in no text that is shown, nor are the newest of many', async () => {
  const tokens = new UserTokens(tempFolder(), passingKey());
  const nth = (i: number) => createHash('sha256').update(String(i)).digest('base64url');
  for (let i = 0; i < 150; i++) {
    await tokens.put(`hf:${i}`, { ...entry, token: nth(i) });
  }
  expect(withoutSecrets(`x ${nth(149)} y`)).not.toContain(nth(149));
  expect(withoutSecrets(`x ${Buffer.from(nth(60)).toString('base64')} y`)).toMatch(/^x \[secret\].?=* y$/);
  // Not all tokens of all users stay in memory.
  expect(withoutSecrets(nth(3))).toBe(nth(3));
  await tokens.get('hf:3');
  expect(withoutSecrets(nth(3))).not.toContain(nth(3));
});

test('a secret file has enough in it, and is for its owner alone', async () => {
  const folder = tempFolder();
  const file = (name: string, bytes: number, mode: number) => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.alloc(bytes, 7));
    chmodSync(path, mode);
    return path;
  };
  const good = file('good', 32, 0o600);
  expect(await keyOf(good)).toEqual(await keyOf(file('same', 32, 0o400)));
  expect(Buffer.from(await keyOf(good)).equals(Buffer.alloc(32, 7))).toBe(false);
  await expect(keyOf(file('open', 32, 0o640))).rejects.toThrow(/may be read by others.*chmod 600/);
  await expect(keyOf(file('short', 31, 0o600))).rejects.toThrow(/has 31 bytes; it takes 32/);
  await expect(keyOf(join(folder, 'none'))).rejects.toThrow(/cannot be read \(ENOENT\).*openssl rand/);
});
