// The Hub's addresses, and what is to be had there.
import { refusal, unknownRepo } from './access.mjs';
import { oauthReply } from './oauth.mjs';
import { failure, json } from './replies.mjs';

/**
 * @typedef {import('./respond.mjs').Reply} Reply
 * @typedef {import('./repos.mjs').Commit} Commit
 * @typedef {import('./repos.mjs').HubFile} HubFile
 *
 * @typedef {object} Place
 * @property {string} repo
 * @property {string} revision
 * @property {string} path inside the repository
 * @property {URL} url
 *
 * @typedef {object} World
 * @property {string} endpoint
 * @property {string} cdn
 * @property {string} signature of the addresses at the CDN; another one is refused
 * @property {number} pageSize
 * @property {boolean} hashes whether listings hold the hashes of files
 * @property {import('./repos.mjs').Repos} repos
 * @property {import('./writing.mjs').Storage} storage of what is sent
 * @property {number} partSize bytes above which a file is sent in parts of as many
 * @property {Record<string, import('./access.mjs').Rule>} access
 * @property {Record<string, import('./access.mjs').Token>} tokens
 * @property {import('./oauth.mjs').OAuth} oauth
 */

const REPO = '(?<repo>[\\w.-]+(?:/[\\w.-]+)?)';
const REVISION = '(?<revision>[^/]+)';

/** @type {readonly { pattern: RegExp, isFile: boolean, reply: (world: World, place: Place, commit: Commit) => Reply }[]} */
const ROUTES = [
  { pattern: new RegExp(`^/api/models/${REPO}/revision/${REVISION}$`), isFile: false, reply: modelInfo },
  { pattern: new RegExp(`^/api/models/${REPO}/tree/${REVISION}$`), isFile: false, reply: tree },
  { pattern: new RegExp(`^/api/models/${REPO}/discussions$`), isFile: false, reply: discussions },
  { pattern: new RegExp(`^/api/models/${REPO}$`), isFile: false, reply: modelInfo },
  { pattern: new RegExp(`^/${REPO}/(?:resolve|raw)/${REVISION}/(?<path>.+)$`), isFile: true, reply: resolveFile },
  { pattern: new RegExp(`^/api/resolve-cache/models/${REPO}/${REVISION}/(?<path>.+)$`), isFile: true, reply: content },
];

/** What the Hub keeps apart from models: folders `datasets/org/name` and `spaces/org/name`. */
const OTHER_KINDS = /^\/api\/((?:datasets|spaces)\/[\w.-]+\/[\w.-]+)$/;

/**
 * @param {World} world
 * @param {URL} url
 * @param {string | undefined} authorization
 * @returns {Promise<Reply>}
 */
export async function hubReply(world, url, authorization) {
  if (url.pathname === '/api/models') {
    return models(world, url);
  }
  const login = oauthReply(world, url, authorization);
  if (login) {
    return login;
  }
  const [, other] = OTHER_KINDS.exec(url.pathname) ?? [];
  if (other) {
    return (await world.repos.exists(other))
      ? json({ id: other })
      : failure(404, 'Repository not found', 'RepoNotFound');
  }
  for (const { pattern, isFile, reply } of ROUTES) {
    const { repo = '', revision = 'main', path = '' } = pattern.exec(url.pathname)?.groups ?? {};
    if (!repo) {
      continue;
    }
    const to = world.repos.nameNow(repo);
    if (to !== repo) {
      return { status: 307, headers: { location: `${url.pathname.replace(repo, to)}${url.search}` }, text: '' };
    }
    const place = { repo, revision: decodeURIComponent(revision), path: decodeURIComponent(path), url };
    const no = await refused(world, repo, authorization, isFile);
    if (no) {
      return no;
    }
    const commit = await world.repos.commit(repo, place.revision);
    return commit ? reply(world, place, commit) : failure(404, `Invalid rev id: ${place.revision}`, 'RevisionNotFound');
  }
  return failure(404, 'Not found');
}

/**
 * @param {World} world
 * @param {string} repo
 * @param {string | undefined} authorization
 * @param {boolean} isFile
 */
async function refused(world, repo, authorization, isFile) {
  const text = /^Bearer (.*)$/.exec(authorization ?? '')?.[1];
  const token = text === undefined ? null : (world.tokens[text] ?? 'invalid');
  const no =
    refusal(repo, world.access[repo] ?? {}, token, isFile) ??
    ((await world.repos.exists(repo)) ? null : unknownRepo(token));
  return no && failure(no.status, no.message, no.code);
}

/**
 * What the CDN has, by hash.
 * @param {World} world
 * @param {URL} url
 * @returns {Promise<Reply>}
 */
export async function cdnReply(world, url) {
  const [, sha256 = ''] = /^\/blobs\/([0-9a-f]{64})$/.exec(url.pathname) ?? [];
  const file = world.repos.blob(sha256);
  if (!file || url.searchParams.get('signature') !== world.signature) {
    return { status: 403, headers: {}, text: 'no such signed address' };
  }
  return { status: 200, headers: { etag: `"${sha256}"`, 'x-cache': 'Hit from cloudfront' }, file };
}

/** @returns {Reply} */
function modelInfo(/** @type {World} */ world, /** @type {Place} */ { repo }, /** @type {Commit} */ commit) {
  const rule = world.access[repo] ?? {};
  return json({
    _id: commit.sha.slice(0, 24),
    id: repo,
    sha: commit.sha,
    private: !!rule.private,
    gated: rule.gated ? 'manual' : false,
    downloads: 0,
    likes: 0,
    lastModified: world.repos.changed(repo),
    siblings: commit.files.map(({ path }) => ({ rfilename: path })),
  });
}

/**
 * An owner's models, or those with a text in their names, the one that changed last first. Private ones are shown to nobody here.
 * @param {World} world
 * @param {URL} url
 * @returns {Promise<Reply>}
 */
async function models(world, url) {
  const [author, text] = [url.searchParams.get('author'), url.searchParams.get('search')];
  const named = author === null ? await world.repos.search(text ?? '') : await world.repos.ofOwner(author);
  const all = named.filter(({ repo }) => !world.access[repo]?.private);
  all.sort((a, b) => (a.changed < b.changed ? 1 : -1));
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const to = from + Math.min(world.pageSize, Number(url.searchParams.get('limit') ?? 500));
  const reply = json(
    all.slice(from, to).map(({ repo, sha, changed }) => ({
      ...{ _id: sha.slice(0, 24), id: repo, modelId: repo, sha, lastModified: changed, private: false },
      ...{ gated: world.access[repo]?.gated ? 'manual' : false, likes: 0, downloads: 0 },
    })),
  );
  if (to < all.length) {
    const next = new URL(url);
    next.searchParams.set('cursor', String(to));
    reply.headers.link = `<${world.endpoint}${next.pathname}${next.search}>; rel="next"`;
  }
  return reply;
}

/** @returns {Reply} */
function discussions(/** @type {World} */ { repos }, /** @type {Place} */ { repo }) {
  const all = repos.written(repo).requests.map(({ title }, index) => {
    return { num: index + 1, title, status: 'open', isPullRequest: true };
  });
  return json({ discussions: all.reverse(), count: all.length, start: 0 });
}

/** @returns {Reply} */
function tree(/** @type {World} */ world, /** @type {Place} */ { url }, /** @type {Commit} */ commit) {
  const entries = treeEntries(commit.files, url.searchParams.get('recursive') === 'true', world.hashes);
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const to = from + world.pageSize;
  const reply = json(entries.slice(from, to));
  if (to < entries.length) {
    const next = new URL(url);
    next.searchParams.set('cursor', String(to));
    reply.headers.link = `<${world.endpoint}${next.pathname}${next.search}>; rel="next"`;
  }
  return reply;
}

/** Folders count as entries, each before what it holds. */
function treeEntries(/** @type {HubFile[]} */ files, /** @type {boolean} */ recursive, /** @type {boolean} */ hashes) {
  /** @type {Map<string, object>} */
  const entries = new Map();
  for (const file of files) {
    const parts = file.path.split('/');
    for (let depth = 1; depth < parts.length && (recursive || depth === 1); depth++) {
      const path = parts.slice(0, depth).join('/');
      entries.set(path, { type: 'directory', oid: '0'.repeat(40), size: 0, path });
    }
    if (recursive || parts.length === 1) {
      const lfs = file.sha256 && hashes && { lfs: { oid: file.sha256, size: file.size, pointerSize: 134 } };
      const oid = hashes && { oid: file.oid };
      entries.set(file.path, { type: 'file', ...oid, size: file.size, path: file.path, ...lfs });
    }
  }
  return [...entries.values()];
}

/** Large files are at the CDN; the others at another address of the Hub itself. */
function resolveFile(/** @type {World} */ world, /** @type {Place} */ { repo, path }, /** @type {Commit} */ commit) {
  const file = commit.files.find((known) => known.path === path);
  if (!file) {
    return failure(404, 'Entry not found', 'EntryNotFound');
  }
  const headers = {
    'x-repo-commit': commit.sha,
    'x-linked-size': String(file.size),
    'x-linked-etag': `"${file.sha256 ?? file.oid}"`,
  };
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return file.sha256
    ? {
        status: 302,
        headers: { ...headers, location: `${world.cdn}/blobs/${file.sha256}?signature=${world.signature}` },
      }
    : { status: 307, headers: { ...headers, location: `/api/resolve-cache/models/${repo}/${commit.sha}/${encoded}` } };
}

/** @returns {Reply} */
function content(/** @type {World} */ _world, /** @type {Place} */ { path }, /** @type {Commit} */ commit) {
  const file = commit.files.find((known) => known.path === path);
  return file
    ? { status: 200, headers: { etag: `"${file.oid}"`, 'x-repo-commit': commit.sha }, file }
    : failure(404, 'Entry not found', 'EntryNotFound');
}
