import { hubSettings } from '../../repo/hub-settings.js';
import { registerSecret } from '../../secrets.js';
import { OAuthSettingsError, ServeTokenError } from '../errors.js';
import { HuggingFace, oauthSettings } from './oauth.js';
import type { Access } from './reading.js';
import type { LogIn } from './sessions.js';
import type { UserTokens } from './user-tokens.js';

/** A way to log in. */
export type Auth = 'token' | 'huggingface';

/** So long that nobody guesses it. */
const SHORTEST_TOKEN = 16;

interface LogInOptions {
  readonly isLoopback: boolean;
  readonly publicUrl: string | null;
  readonly tokens: UserTokens;
  readonly access: Access;
}

/** How users of a server log in. @throws ServeTokenError, OAuthSettingsError */
export function makeLogIn(auth: Auth | undefined, { isLoopback, publicUrl, tokens, access }: LogInOptions): LogIn {
  if (auth === 'huggingface') {
    const { endpoint } = hubSettings(process.env);
    const settings = oauthSettings(process.env, endpoint);
    if (publicUrl === null && !isLoopback) {
      throw new OAuthSettingsError(
        'The Hub has to know where users come back to after their log-in.',
        'Give --public-url with the address that they know this server by.',
      );
    }
    return { how: 'huggingface', hub: new HuggingFace(settings, access.fetch), tokens };
  }
  if (auth === 'token') {
    return { how: 'token', token: sharedToken() };
  }
  if (!isLoopback) {
    throw new ServeTokenError(
      'A server for other machines needs a log-in.',
      'Give --auth token or --auth huggingface, or leave --host out.',
    );
  }
  return { how: 'none' };
}

/** What users log in with. @throws ServeTokenError */
function sharedToken(): string {
  const token = process.env.HF2GGUF_SERVE_TOKEN ?? '';
  if (token.length < SHORTEST_TOKEN) {
    throw new ServeTokenError(
      `HF2GGUF_SERVE_TOKEN has ${token.length} characters; users log in with it.`,
      `Set it to ${SHORTEST_TOKEN} or more that nobody guesses, such as what \`openssl rand -hex 24\` prints.`,
    );
  }
  registerSecret(token);
  return token;
}
