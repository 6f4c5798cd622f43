import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetSecret, registerSecret } from '../../secrets.js';
import { SecretFileError } from '../errors.js';

/** What a user's log-in allows this server to do at the Hub. */
export interface UserToken {
  readonly token: string;
  /** Milliseconds since 1970: it is worth nothing after that. */
  readonly until: number;
  /** What it may be used for, as OAuth names it. */
  readonly scopes: readonly string[];
}

const CIPHER = 'aes-256-gcm';
/** Bytes of a file: until when it is good, the nonce, the tag, what is encrypted. */
const [UNTIL, NONCE, TAG] = [8, 12, 16];
const SHORTEST_SECRET = 32;
/** Tokens of which texts are kept free at once. */
const MOST_KNOWN = 100;

/**
 * The Hub tokens of users who have logged in: a file for each in the data folder, encrypted and bound to its user's name,
 * so that every process that has the key can use them, and nobody else. Another key finds no tokens.
 */
export class UserTokens {
  readonly #known: string[] = [];

  constructor(
    readonly folder: string,
    readonly key: Uint8Array,
  ) {}

  async put(user: string, { until, ...rest }: UserToken): Promise<void> {
    this.#hide(rest.token);
    const head = Buffer.alloc(UNTIL);
    head.writeBigUInt64BE(BigInt(Math.floor(until)));
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, this.key, nonce).setAAD(bound(user, head));
    const secret = Buffer.concat([cipher.update(JSON.stringify(rest)), cipher.final()]);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = this.#path(user);
    const partial = `${path}.${randomBytes(6).toString('hex')}`;
    await writeFile(partial, Buffer.concat([head, nonce, cipher.getAuthTag(), secret]), { mode: 0o600 });
    await rename(partial, path);
  }

  /** @returns null for a user who has none, whose own is over, or who logged in to a server with another key. */
  async get(user: string): Promise<UserToken | null> {
    const file = await readFile(this.#path(user)).catch(() => null);
    if (file === null || file.length < UNTIL + NONCE + TAG) {
      return null;
    }
    const until = untilOf(file);
    const [nonce, tag] = [file.subarray(UNTIL, UNTIL + NONCE), file.subarray(UNTIL + NONCE, UNTIL + NONCE + TAG)];
    try {
      const cipher = createDecipheriv(CIPHER, this.key, nonce, { authTagLength: TAG });
      cipher.setAAD(bound(user, file.subarray(0, UNTIL))).setAuthTag(tag);
      const text = Buffer.concat([cipher.update(file.subarray(UNTIL + NONCE + TAG)), cipher.final()]).toString();
      const rest = JSON.parse(text) as Omit<UserToken, 'until'>;
      this.#hide(rest.token);
      return until > Date.now() ? { ...rest, until } : null;
    } catch {
      return null;
    }
  }

  async remove(user: string): Promise<void> {
    await rm(this.#path(user), { force: true });
  }

  /** Removes those that are worth nothing any more. */
  async removeOld(): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => [])) {
      const path = join(this.folder, name);
      const file = await readFile(path).catch(() => null);
      if (file !== null && untilOf(file) <= Date.now()) {
        await rm(path, { force: true });
      }
    }
  }

  #path(user: string): string {
    return join(this.folder, createHash('sha256').update(user).digest('hex'));
  }

  /** Keeps the newest tokens out of whatever is shown. */
  #hide(token: string): void {
    if (!this.#known.includes(token)) {
      registerSecret(token);
      this.#known.push(token);
      if (this.#known.length > MOST_KNOWN) {
        forgetSecret(this.#known.shift() ?? '');
      }
    }
  }
}

function bound(user: string, head: Uint8Array): Buffer {
  return Buffer.concat([head, Buffer.from(user)]);
}

function untilOf(file: Buffer): number {
  return file.length < UNTIL ? 0 : Number(file.readBigUInt64BE());
}

/** A key that ends with this process. */
export function passingKey(): Uint8Array {
  return randomBytes(32);
}

/** The key that a file of a secret gives. @throws SecretFileError */
export async function keyOf(path: string): Promise<Uint8Array> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new SecretFileError(`${path} cannot be read (${error.code}).`, CREATE);
  });
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new SecretFileError(`${path} may be read by others than its owner.`, `Run \`chmod 600 ${path}\`.`);
    }
    const secret = await file.readFile();
    if (secret.length < SHORTEST_SECRET) {
      throw new SecretFileError(`${path} has ${secret.length} bytes; it takes ${SHORTEST_SECRET} or more.`, CREATE);
    }
    return new Uint8Array(hkdfSync('sha256', secret, '', 'hf2gguf tokens of users', 32));
  } finally {
    await file.close();
  }
}

const CREATE = 'Make one by `(umask 077; openssl rand -out FILE 32)`.';
