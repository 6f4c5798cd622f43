// Log-ins with an account of the Hub: an OAuth app with a secret, the authorization code flow with PKCE.
import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { failure, json } from './replies.mjs';

/**
 * @typedef {import('./respond.mjs').Reply} Reply
 * @typedef {import('./routes.mjs').World} World
 *
 * @typedef {object} Account who is logged in at the Hub, and says yes; `null` says no
 * @property {string} sub
 * @property {string} name
 * @property {string} token that is handed out
 * @property {number} [expiresIn] seconds
 *
 * @typedef {object} OAuth
 * @property {string} clientId
 * @property {string} clientSecret
 * @property {Account | null} account
 * @property {Map<string, { account: Account, challenge: string, redirect: string, scope: string }>} codes
 * @property {string} tokenHost where the token is to be had, as the provider's addresses say: the Hub, if nothing is said
 */

/** @returns {OAuth} */
export function makeOAuth(/** @type {Partial<OAuth>} */ given = {}) {
  return {
    ...{ clientId: 'client-of-tests', clientSecret: 'ClientSecretOfTheTests', account: null, tokenHost: '' },
    ...given,
    codes: new Map(),
  };
}

/**
 * @param {World} world
 * @param {URL} url
 * @param {string | undefined} authorization
 * @returns {Reply | null} null for an address that has nothing to do with log-ins
 */
export function oauthReply({ endpoint, oauth }, url, authorization) {
  switch (url.pathname) {
    case '/.well-known/openid-configuration':
      return json({
        issuer: endpoint,
        authorization_endpoint: `${endpoint}/oauth/authorize`,
        token_endpoint: `${oauth.tokenHost || endpoint}/oauth/token`,
        userinfo_endpoint: `${endpoint}/oauth/userinfo`,
      });
    case '/oauth/authorize':
      return authorize(oauth, url.searchParams);
    case '/oauth/userinfo': {
      const { account } = oauth;
      return account && authorization === `Bearer ${account.token}`
        ? json({ sub: account.sub, preferred_username: account.name })
        : failure(401, 'Invalid token');
    }
    default:
      return null;
  }
}

/** @returns {Reply} */
function authorize(/** @type {OAuth} */ oauth, /** @type {URLSearchParams} */ asked) {
  const of = (/** @type {string} */ name) => asked.get(name) ?? '';
  const back = URL.canParse(of('redirect_uri')) ? new URL(of('redirect_uri')) : null;
  const isWhole =
    of('response_type') === 'code' && of('code_challenge_method') === 'S256' && of('code_challenge') !== '';
  if (of('client_id') !== oauth.clientId || back === null || !isWhole) {
    return failure(400, 'No such app');
  }
  back.searchParams.set('state', of('state'));
  if (oauth.account) {
    const code = randomBytes(16).toString('hex');
    const [challenge, redirect, scope] = [of('code_challenge'), of('redirect_uri'), of('scope')];
    oauth.codes.set(code, { account: oauth.account, challenge, redirect, scope });
    back.searchParams.set('code', code);
  } else {
    back.searchParams.set('error', 'access_denied');
  }
  return { status: 302, headers: { location: back.href }, text: '' };
}

/**
 * A code for a token, once.
 * @param {World} world
 * @param {import('./writing.mjs').Sent} sent
 * @returns {Promise<Reply>}
 */
export async function tokenReply({ oauth }, { authorization, body }) {
  const form = new URLSearchParams(await text(body));
  const basic = Buffer.from(`${oauth.clientId}:${oauth.clientSecret}`).toString('base64');
  const found = oauth.codes.get(form.get('code') ?? '');
  oauth.codes.delete(form.get('code') ?? '');
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  const isOwn = found && found.challenge === challenge && found.redirect === form.get('redirect_uri');
  if (authorization !== `Basic ${basic}`) {
    return failure(401, 'invalid_client');
  }
  if (!isOwn || form.get('grant_type') !== 'authorization_code') {
    return failure(400, 'invalid_grant');
  }
  const { account, scope } = found;
  return json({ access_token: account.token, token_type: 'bearer', expires_in: account.expiresIn ?? 28800, scope });
}
