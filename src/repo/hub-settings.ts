import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { registerSecret, registerSecretsOf } from '../secrets.js';
import { BadEndpointError, TokenInvalidError } from './errors.js';

/** What decides how the Hub is reached: the environment that Hugging Face's own tools obey, and what the caller says. */
export interface HubSettings {
  /** `https://huggingface.co`, without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | null;
  /** The folder that holds `models--org--name`; null where nothing is read from it. */
  readonly cache: string | null;
  readonly offline: boolean;
  /** Longest silence of a server in milliseconds, where the user sets it. */
  readonly silence?: number;
  /** Most that the pauses between the tries of a request take together, in milliseconds, where the user sets it. */
  readonly longestWait?: number;
}

/**
 * Variables and defaults as huggingface_hub (Python) has them in its constants.py; HF2GGUF_MAX_WAIT is our own.
 * @throws BadEndpointError, TokenInvalidError
 */
export function hubSettings(
  env: NodeJS.ProcessEnv,
  given: { token?: string; endpoint?: string; cache?: boolean } = {},
): HubSettings {
  registerSecretsOf(env);
  const inHome = (path: string) => path.replace(/^~(?=\/|$)/, env.HOME ?? homedir());
  const home = inHome(env.HF_HOME || join(env.XDG_CACHE_HOME || '~/.cache', 'huggingface'));
  const endpoint = checkEndpoint(given.endpoint || env.HF_ENDPOINT || 'https://huggingface.co');
  const tokenFile = inHome(env.HF_TOKEN_PATH || join(home, 'token'));
  const token = given.token ?? (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || readToken(tokenFile));
  registerSecret(token.trim());
  const silence = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  const longestWait = env.HF2GGUF_MAX_WAIT?.trim() ? Number(env.HF2GGUF_MAX_WAIT) : Number.NaN;
  return {
    endpoint,
    token: checkToken(token, endpoint),
    cache: given.cache === false ? null : inHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    ...(silence > 0 && { silence: milliseconds(silence) }),
    ...(longestWait >= 0 && { longestWait: milliseconds(longestWait) }),
  };
}

/** A timer holds no more than some 24 days: with more it fires at once. */
function milliseconds(seconds: number): number {
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}

function checkEndpoint(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new BadEndpointError('is no http or https address');
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new BadEndpointError('holds more than an address and a path');
  }
  return url.href.replace(/\/+$/, '');
}

/** A token that no header can carry must not get there: the complaint would quote it. */
function checkToken(given: string, endpoint: string): string | null {
  const token = given.trim();
  if (/[^\x21-\x7e]/.test(token)) {
    throw new TokenInvalidError(endpoint, 'holds characters that no token has');
  }
  return token || null;
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Logged out, or never logged in.
  }
}
