import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';

const COOKIE = 'hf2gguf_session';
/** Seconds. */
const MAX_AGE = 30 * 24 * 60 * 60;
/** Milliseconds that a wrong token costs. */
const PENALTY = 1000;

/** Whoever uses a server without log-in is the user of this machine. */
const LOCAL = 'local';

/**
 * Who asks. With a token that all users share, each browser that has logged in is a user of its own: its cookie holds a random
 * name, signed by a key in the data folder, so that log-ins outlive the server.
 */
export class Sessions {
  private constructor(
    readonly key: Buffer,
    readonly token: string | null,
  ) {}

  /** @param token what users log in with; null where nobody has to. @param keyFile made where there is none. */
  static async open(keyFile: string, token: string | null): Promise<Sessions> {
    const fresh = randomBytes(32);
    await writeFile(keyFile, fresh, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') {
        throw error;
      }
    });
    return new Sessions(await readFile(keyFile), token);
  }

  get isNeeded(): boolean {
    return this.token !== null;
  }

  /** The name of the user who asks; null for somebody who has not logged in. */
  async user(context: Context): Promise<string | null> {
    return this.token === null ? LOCAL : (await getSignedCookie(context, this.key, COOKIE)) || null;
  }

  /** @returns whether the token was right. */
  async begin(context: Context, token: string): Promise<boolean> {
    if (this.token === null || !timingSafeEqual(digest(token), digest(this.token))) {
      await sleep(PENALTY);
      return false;
    }
    const secure = new URL(context.req.url).protocol === 'https:';
    await setSignedCookie(context, COOKIE, randomBytes(12).toString('hex'), this.key, {
      ...{ path: '/', httpOnly: true, sameSite: 'Strict', maxAge: MAX_AGE, secure },
    });
    return true;
  }

  end(context: Context): void {
    deleteCookie(context, COOKIE, { path: '/' });
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
