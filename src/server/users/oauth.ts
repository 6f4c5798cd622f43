import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';
import { registerSecret } from '../../secrets.js';
import { LogInError, OAuthSettingsError } from '../errors.js';
import type { UserToken } from './user-tokens.js';

/** How this server is known at the Hub: an OAuth app's, as a Space's environment has it. */
export interface OAuthSettings {
  readonly clientId: string;
  /** Null for a public app, for which PKCE stands alone. */
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  /** The origin of the OpenID provider. */
  readonly provider: string;
}

/** What a log-in begins with, and has to be there when it ends. */
export interface Attempt {
  readonly state: string;
  readonly verifier: string;
}

/** Who has logged in. */
export interface Identity extends UserToken {
  /** The Hub's own name for the account, which stays when the user takes another one. */
  readonly id: string;
  readonly name: string;
}

/** To read what the user may read, and to publish in repositories that this app makes; no others can be changed. */
const DEFAULT_SCOPES = ['read-repos', 'contribute-repos'];
const ALWAYS = ['openid', 'profile'];
/** Scopes of which one is enough to publish. */
const WRITING = ['contribute-repos', 'write-repos', 'manage-repos'];
const CALLBACK = '/login/callback';
/** Milliseconds that the Hub has for an answer, and bytes that one may have. */
const [PATIENCE, MOST] = [20_000, 2 ** 17];
/** Seconds of a token that comes without its time. */
const DEFAULT_TIME = 3600;

/** @param endpoint the Hub's address. @throws OAuthSettingsError */
export function oauthSettings(env: NodeJS.ProcessEnv, endpoint: string): OAuthSettings {
  const clientId = env.OAUTH_CLIENT_ID ?? '';
  if (clientId === '') {
    throw new OAuthSettingsError(
      'OAUTH_CLIENT_ID is not set, by which the Hub knows this server.',
      'Create an OAuth app in the settings of your account, or put `hf_oauth: true` into the README of the Space.',
    );
  }
  const clientSecret = env.OAUTH_CLIENT_SECRET || null;
  registerSecret(clientSecret ?? '');
  const asked = env.OAUTH_SCOPES?.split(/[\s,]+/).filter(Boolean) ?? [];
  return {
    ...{ clientId, clientSecret },
    scopes: [...new Set([...ALWAYS, ...(asked.length > 0 ? asked : DEFAULT_SCOPES)])],
    provider: originOf(env.OPENID_PROVIDER_URL || endpoint, 'OPENID_PROVIDER_URL'),
  };
}

/** The origin that users know this server by: as it is given, or a Space's; null for none. @throws OAuthSettingsError */
export function publicUrlOf(given: string | undefined, env: NodeJS.ProcessEnv): string | null {
  const url = given ?? (env.SPACE_HOST ? `https://${env.SPACE_HOST}` : null);
  return url === null ? null : originOf(url, '--public-url');
}

function originOf(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new OAuthSettingsError(`${name} is no http or https address.`, 'Give one as https://gguf.example.org.');
  }
  return url.origin;
}

/** Whether a token may make or change a repository. */
export function mayWrite({ scopes }: UserToken): boolean {
  return WRITING.some((scope) => scopes.includes(scope));
}

/**
 * Log-ins with Hugging Face: the authorization code flow with PKCE. The requests are those of `oauthLoginUrl` and
 * `oauthHandleRedirect` of @huggingface/hub, which are made for a page: they send no client's secret, take no `fetch`,
 * wait for any time, and ask for the provider's addresses at each log-in.
 */
export class HuggingFace {
  #addresses: Promise<Addresses> | undefined;

  constructor(
    readonly settings: OAuthSettings,
    readonly fetch: typeof globalThis.fetch,
  ) {}

  /** Where to send the browser. @param origin that users know this server by. @throws LogInError */
  async begin(origin: string): Promise<{ readonly url: string; readonly attempt: Attempt }> {
    const { clientId, scopes } = this.settings;
    const attempt = { state: randomBytes(16).toString('hex'), verifier: randomBytes(32).toString('base64url') };
    const url = new URL((await this.#provider()).authorization_endpoint);
    for (const [name, value] of Object.entries({
      ...{ client_id: clientId, response_type: 'code', scope: scopes.join(' '), state: attempt.state },
      redirect_uri: `${origin}${CALLBACK}`,
      code_challenge: createHash('sha256').update(attempt.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })) {
      url.searchParams.set(name, value);
    }
    return { url: url.href, attempt };
  }

  /** Whether an answer is to the log-in that this browser began. */
  isOwn(attempt: Attempt, state: string): boolean {
    const [own, other] = [Buffer.from(attempt.state), Buffer.from(state)];
    return own.length === other.length && timingSafeEqual(own, other);
  }

  /** Who came back with a code, and the token of the account. @throws LogInError */
  async end(origin: string, code: string, { verifier }: Attempt): Promise<Identity> {
    const { clientId, clientSecret } = this.settings;
    const { token_endpoint, userinfo_endpoint } = await this.#provider();
    const basic = Buffer.from(`${clientId}:${clientSecret ?? ''}`).toString('base64');
    const form = new URLSearchParams({
      ...{ grant_type: 'authorization_code', client_id: clientId, code, code_verifier: verifier },
      redirect_uri: `${origin}${CALLBACK}`,
    });
    const answer = await this.#ask(token_endpoint, TOKEN, {
      method: 'POST',
      body: form.toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(clientSecret !== null && { authorization: `Basic ${basic}` }),
      },
    });
    registerSecret(answer.access_token);
    const until = Date.now() + (answer.expires_in ?? DEFAULT_TIME) * 1000;
    const user = await this.#ask(userinfo_endpoint, USER, {
      headers: { authorization: `Bearer ${answer.access_token}` },
    });
    return {
      ...{ id: user.sub, name: user.preferred_username ?? user.sub, token: answer.access_token, until },
      scopes: answer.scope?.split(' ') ?? this.settings.scopes,
    };
  }

  /** The provider's addresses. What is secret goes to its own origin alone. */
  #provider(): Promise<Addresses> {
    const { provider } = this.settings;
    this.#addresses ??= this.#ask(`${provider}/.well-known/openid-configuration`, ADDRESSES).then((addresses) => {
      if (Object.values(addresses).some((address) => new URL(address).origin !== provider)) {
        throw new LogInError('its addresses are on another host');
      }
      return addresses;
    });
    this.#addresses.catch(() => {
      this.#addresses = undefined;
    });
    return this.#addresses;
  }

  /** @throws LogInError */
  async #ask<const Schema extends v.GenericSchema>(
    url: string,
    schema: Schema,
    init: RequestInit = {},
  ): Promise<v.InferOutput<Schema>> {
    const { pathname } = new URL(url);
    const options = { ...init, redirect: 'error', signal: AbortSignal.timeout(PATIENCE) } as const;
    const response = await this.fetch(url, options).catch(() => {
      throw new LogInError(`${pathname} does not answer`);
    });
    const text = await textOf(response).catch(() => '');
    if (!response.ok) {
      throw new LogInError(`${pathname} answers with status ${response.status}`);
    }
    const parsed = v.safeParse(schema, jsonOf(text));
    if (!parsed.success) {
      throw new LogInError(`${pathname} answers with something else than it should`);
    }
    return parsed.output;
  }
}

const address = v.pipe(v.string(), v.url());
const ADDRESSES = v.object({ authorization_endpoint: address, token_endpoint: address, userinfo_endpoint: address });
type Addresses = v.InferOutput<typeof ADDRESSES>;

/** What fits in a header, as `CheckedFetch` wants it too. */
const token = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{8,8192}$/));
const TOKEN = v.object({
  access_token: token,
  expires_in: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1e8))),
  scope: v.optional(v.string()),
});
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const USER = v.object({ sub: name, preferred_username: v.optional(name) });

async function textOf(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > MOST) {
      return '';
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
