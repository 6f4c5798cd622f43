// Who may read what, and the Hub's way of saying no.

/**
 * @typedef {object} Token
 * @property {string} user
 * @property {boolean} [canWrite] false for one that only reads
 * @property {string[]} [orgs] whose repositories it may write to beside the user's own
 * @property {boolean} [canReadGated] false for a fine-grained token without that permission
 * @property {boolean} [canReadPrivate] false for one that doesn't reach the user's private repositories
 *
 * @typedef {object} Rule of one repository
 * @property {boolean} [private]
 * @property {boolean} [gated] its files only: its page and listing are public
 * @property {boolean} [disabled]
 * @property {string[]} [members] users who may read it
 * @property {string[]} [pending] users whose request awaits review
 *
 * @typedef {{ status: number, code?: string, message: string }} Refusal
 */

/**
 * @param {string} repo
 * @param {Rule} rule
 * @param {Token | null | 'invalid'} token
 * @param {boolean} wantsFile
 * @returns {Refusal | null}
 */
export function refusal(repo, rule, token, wantsFile) {
  if (token === 'invalid') {
    return { status: 401, message: 'Invalid credentials in Authorization header' };
  }
  if (rule.disabled) {
    return { status: 403, message: 'Access to this resource is disabled.' };
  }
  const member = token !== null && (rule.members ?? []).includes(token.user);
  if (rule.private) {
    return privateRefusal(member, token);
  }
  if (rule.gated && wantsFile) {
    return gatedRefusal(repo, rule, member, token);
  }
  return null;
}

/** @returns {Refusal} */
export function unknownRepo(/** @type {Token | null | 'invalid'} */ token) {
  // Without a token, the Hub doesn't tell the private from the absent.
  return token === null
    ? { status: 401, message: 'Invalid username or password.' }
    : { status: 404, code: 'RepoNotFound', message: 'Repository not found' };
}

/**
 * @param {boolean} member
 * @param {Token | null} token
 * @returns {Refusal | null}
 */
function privateRefusal(member, token) {
  if (!member) {
    return unknownRepo(token);
  }
  return token?.canReadPrivate === false
    ? { status: 403, message: 'This token does not have the permission to read this repository.' }
    : null;
}

/**
 * @param {string} repo
 * @param {Rule} rule
 * @param {boolean} member
 * @param {Token | null} token
 * @returns {Refusal | null}
 */
function gatedRefusal(repo, rule, member, token) {
  const code = 'GatedRepo';
  if (token === null) {
    const message = `Access to model ${repo} is restricted. You must have access to it and be authenticated to access it. Please log in.`;
    return { status: 401, code, message };
  }
  if (token.canReadGated === false) {
    const message =
      'Please enable access to public gated repositories in your fine-grained token settings to view this repository.';
    return { status: 403, message };
  }
  if ((rule.pending ?? []).includes(token.user)) {
    const message = `Your request to access model ${repo} is awaiting a review from the repo authors.`;
    return { status: 403, code, message };
  }
  const message = `Access to model ${repo} is restricted and you are not in the authorized list.`;
  return member ? null : { status: 403, code, message };
}
