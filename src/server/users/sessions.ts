import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import * as v from 'valibot';
import { type HuggingFace, mayWrite } from './oauth.js';
import type { UserTokens } from './user-tokens.js';

/** How users log in: not at all, with a token that all of them share, or with their account at the Hub. */
export type LogIn =
  | { readonly how: 'none' }
  | { readonly how: 'token'; readonly token: string }
  | { readonly how: 'huggingface'; readonly hub: HuggingFace; readonly tokens: UserTokens };

/** Who asks. */
export interface User {
  /** The owner of jobs. */
  readonly id: string;
  /** What the user is called; null for one without a name. */
  readonly name: string | null;
  /** Whether there is a Hub token that is the user's own. */
  readonly hasToken: boolean;
  readonly mayPublish: boolean;
}

const [SESSION, ATTEMPT] = ['hf2gguf_session', 'hf2gguf_login'] as const;
/** Where each cookie is sent. */
const PATHS = { [SESSION]: '/', [ATTEMPT]: '/login' } as const;
type Cookie = keyof typeof PATHS;
/** Milliseconds that a log-in with the shared token holds, and that one at the Hub may take. */
const [LONGEST, ATTEMPT_TIME] = [30 * 24 * 60 * 60 * 1000, 10 * 60 * 1000];
/** Milliseconds that a wrong token costs. */
const PENALTY = 1000;

/** Whoever uses a server without log-in is the user of this machine, who publishes with its token. */
const LOCAL: User = { id: 'local', name: null, hasToken: false, mayPublish: true };

const session = v.object({ user: v.string(), name: v.nullable(v.string()), until: v.number() });
const attempt = v.object({ state: v.string(), verifier: v.string(), until: v.number() });
/** What a cookie says. */
type Content = v.InferOutput<typeof session> | v.InferOutput<typeof attempt>;

/**
 * Who asks. What a cookie says is signed by a key in the data folder, so that log-ins outlive the server. With a token that
 * all users share, each browser that has logged in is a user of its own, with a random name. A log-in with Hugging Face
 * holds as long as its token, which is gone once its user has logged out.
 */
export class Sessions {
  private constructor(
    readonly key: Buffer,
    readonly logIn: LogIn,
    readonly publicUrl: string | null,
  ) {}

  /**
   * @param keyFile made where there is none.
   * @param publicUrl what users know this server by; null where that is the address that it is asked at.
   */
  static async open(keyFile: string, logIn: LogIn, publicUrl: string | null): Promise<Sessions> {
    const fresh = randomBytes(32);
    await writeFile(keyFile, fresh, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') {
        throw error;
      }
    });
    return new Sessions(await readFile(keyFile), logIn, publicUrl);
  }

  get how(): LogIn['how'] {
    return this.logIn.how;
  }

  get isNeeded(): boolean {
    return this.how !== 'none';
  }

  /** The user who asks; null for somebody who has not logged in. */
  async user(context: Context): Promise<User | null> {
    const { logIn } = this;
    if (logIn.how === 'none') {
      return LOCAL;
    }
    const found = await this.#read(context, SESSION, session);
    if (found === null) {
      return null;
    }
    const own = { id: found.user, name: found.name };
    if (logIn.how === 'token') {
      return { ...own, hasToken: false, mayPublish: false };
    }
    const token = await logIn.tokens.get(found.user);
    return token && { ...own, hasToken: true, mayPublish: mayWrite(token) };
  }

  /** @returns the user, if the token was right. */
  async begin(context: Context, token: string): Promise<User | null> {
    const { logIn } = this;
    if (logIn.how !== 'token') {
      return null;
    }
    if (!timingSafeEqual(digest(token), digest(logIn.token))) {
      await sleep(PENALTY);
      return null;
    }
    const user = { id: randomBytes(12).toString('hex'), name: null };
    await this.#write(context, SESSION, { user: user.id, name: user.name, until: Date.now() + LONGEST });
    return { ...user, hasToken: false, mayPublish: false };
  }

  /** Sends the browser to the Hub. @returns the address. @throws LogInError */
  async beginAtHub(context: Context, hub: HuggingFace): Promise<string> {
    const { url, attempt } = await hub.begin(this.#origin(context));
    await this.#write(context, ATTEMPT, { ...attempt, until: Date.now() + ATTEMPT_TIME });
    return url;
  }

  /**
   * Takes a browser that comes back.
   * @returns whether it began this log-in itself: else somebody else's account is put upon it.
   * @throws LogInError
   */
  async endAtHub(context: Context, hub: HuggingFace, tokens: UserTokens): Promise<boolean> {
    const { code = '', state = '' } = context.req.query();
    const begun = await this.#read(context, ATTEMPT, attempt);
    deleteCookie(context, ATTEMPT, { path: PATHS[ATTEMPT] });
    if (begun === null || !hub.isOwn(begun, state)) {
      return false;
    }
    if (code === '') {
      return true; // The user said no.
    }
    const { id, name, ...token } = await hub.end(this.#origin(context), code, begun);
    const user = `hf:${id}`;
    const until = Math.min(token.until, Date.now() + LONGEST);
    await tokens.put(user, { ...token, until });
    await this.#write(context, SESSION, { user, name, until });
    return true;
  }

  async end(context: Context): Promise<void> {
    const { logIn } = this;
    const found = await this.#read(context, SESSION, session);
    if (logIn.how === 'huggingface' && found !== null) {
      await logIn.tokens.remove(found.user);
    }
    deleteCookie(context, SESSION, { path: PATHS[SESSION] });
  }

  /** What a cookie holds, if it is this server's own and its time is not over. */
  async #read<const Schema extends v.GenericSchema<{ until: number }>>(
    context: Context,
    name: Cookie,
    schema: Schema,
  ): Promise<v.InferOutput<Schema> | null> {
    const text = await getSignedCookie(context, this.#keyOf(name), name);
    const parsed = text ? v.safeParse(schema, JSON.parse(Buffer.from(text, 'base64url').toString())) : null;
    return parsed?.success && parsed.output.until > Date.now() ? parsed.output : null;
  }

  async #write(context: Context, name: Cookie, content: Content): Promise<void> {
    const text = Buffer.from(JSON.stringify(content)).toString('base64url');
    await setSignedCookie(context, name, text, this.#keyOf(name), {
      ...{ path: PATHS[name], httpOnly: true, secure: this.#origin(context).startsWith('https:') },
      // What begins a log-in comes back with a link from the Hub.
      sameSite: name === ATTEMPT ? 'Lax' : 'Strict',
      maxAge: Math.ceil((content.until - Date.now()) / 1000),
    });
  }

  /** A cookie is no other cookie, and those of another way to log in, or another token, are worth nothing. */
  #keyOf(name: Cookie): Buffer {
    const { logIn } = this;
    const own = logIn.how === 'token' ? logIn.token : logIn.how === 'huggingface' ? logIn.hub.settings.clientId : '';
    return createHmac('sha256', this.key)
      .update(JSON.stringify([name, logIn.how, own]))
      .digest();
  }

  #origin(context: Context): string {
    return this.publicUrl ?? new URL(context.req.url).origin;
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
