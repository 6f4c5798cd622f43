// What the loopback Hub takes: repositories, files for LFS in one piece or in parts, commits, pull requests.
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { failure, json } from './replies.mjs';

/**
 * @typedef {import('./respond.mjs').Reply} Reply
 * @typedef {import('./repos.mjs').HubFile} HubFile
 * @typedef {import('./routes.mjs').World} World
 *
 * @typedef {object} Sent a request
 * @property {string} method
 * @property {URL} url
 * @property {string | undefined} authorization
 * @property {import('node:http').IncomingMessage} body
 *
 * @typedef {{ path: string, content?: string, encoding?: string, oid?: string, size?: number }} Entry of a commit
 */

const REPO = '(?<repo>[\\w.-]+/[\\w.-]+)';
const LARGE = /\.(gguf|safetensors|bin)$/;
const LARGE_BYTES = 10 * 2 ** 20;
const MAX_JSON = 64 * 2 ** 20;

/** Where files are put that were sent, by hash; each knows the repositories that it was sent for. */
export class Storage {
  /** @type {string | null} */
  #folder = null;
  /** @type {Map<string, { file: string, size: number, repos: Set<string> }>} */
  #files = new Map();
  /** @type {Map<string, { oid: string, repo: string, size: number, parts: Map<number, string> }>} by ticket */
  #uploads = new Map();
  /** Bytes that were sent so far. */
  received = 0;

  get folder() {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'hf2gguf-hub-'));
    return this.#folder;
  }

  /** @param {string} repo @param {string} oid */
  get(repo, oid) {
    const file = this.#files.get(oid);
    return file?.repos.has(repo) ? file : null;
  }

  /** @param {string} repo @param {string} oid @param {number} size */
  begin(repo, oid, size) {
    const ticket = randomBytes(8).toString('hex');
    this.#uploads.set(ticket, { oid, repo, size, parts: new Map() });
    return ticket;
  }

  /** Takes a part, or the whole as part 0. @param {string} ticket @param {number} part @param {import('node:http').IncomingMessage} body */
  async take(ticket, part, body) {
    const upload = this.#uploads.get(ticket);
    if (!upload) {
      return null;
    }
    const file = join(this.folder, randomBytes(8).toString('hex'));
    const hash = createHash('md5');
    body.on('data', (piece) => {
      hash.update(piece);
      this.received += piece.length;
    });
    await pipeline(body, createWriteStream(file));
    if (statSync(file).size !== Number(body.headers['content-length'])) {
      return null;
    }
    upload.parts.set(part, file);
    return `"${hash.digest('hex')}"`;
  }

  /** Joins the parts; true where they have the hash that was promised. @param {string} ticket */
  async finish(ticket) {
    const upload = this.#uploads.get(ticket);
    if (!upload) {
      return false;
    }
    this.#uploads.delete(ticket);
    const { oid, repo, size } = upload;
    const file = join(this.folder, `${oid}-${ticket}`);
    const hash = createHash('sha256');
    const target = await open(file, 'w');
    for (const [, part] of [...upload.parts].sort(([a], [b]) => a - b)) {
      const source = await open(part);
      for await (const piece of source.createReadStream()) {
        hash.update(piece);
        await target.write(piece);
      }
    }
    await target.close();
    if (hash.digest('hex') !== oid || statSync(file).size !== size) {
      return false;
    }
    const repos = this.#files.get(oid)?.repos ?? new Set();
    this.#files.set(oid, { file, size, repos: repos.add(repo) });
    return true;
  }

  /** Puts a text that a commit holds. @param {Buffer} bytes */
  put(bytes) {
    const file = join(this.folder, randomBytes(8).toString('hex'));
    writeFileSync(file, bytes);
    return file;
  }

  close() {
    if (this.#folder) {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}

/** @type {readonly { pattern: RegExp, reply: (world: World, sent: Sent, repo: string, user: string) => Promise<Reply> | Reply }[]} */
const ROUTES = [
  { pattern: /^\/api\/repos\/create$/, reply: create },
  { pattern: new RegExp(`^/api/models/${REPO}/preupload/[^/]+$`), reply: preupload },
  { pattern: new RegExp(`^/${REPO}\\.git/info/lfs/objects/batch$`), reply: batch },
  { pattern: new RegExp(`^/api/models/${REPO}/commit/[^/]+$`), reply: commit },
  { pattern: /^\/api\/complete_multipart\/\w+$/, reply: complete },
];

/**
 * The answer to what is sent to the Hub itself.
 * @param {World} world
 * @param {Sent} sent
 * @returns {Promise<Reply>}
 */
export async function writeReply(world, sent) {
  const text = /^Bearer (.*)$/.exec(sent.authorization ?? '')?.[1];
  const token = text === undefined ? null : world.tokens[text];
  for (const { pattern, reply } of ROUTES) {
    const found = pattern.exec(sent.url.pathname);
    if (!found) {
      continue;
    }
    const repo = found.groups?.repo ?? '';
    if (!token) {
      return failure(
        401,
        text === undefined ? 'Invalid username or password.' : 'Invalid credentials in Authorization header',
      );
    }
    const owner = repo.split('/')[0] ?? '';
    if (token.canWrite === false || (repo && ![token.user, ...(token.orgs ?? [])].includes(owner))) {
      return failure(403, 'You do not have the required permissions to write to this repository.');
    }
    if (repo && !(await world.repos.exists(repo))) {
      return failure(404, 'Repository not found', 'RepoNotFound');
    }
    return reply(world, sent, repo, token.user);
  }
  return failure(404, 'Not found');
}

/**
 * The answer to what is sent to the storage: nothing there takes a token.
 * @param {World} world
 * @param {Sent} sent
 * @returns {Promise<Reply>}
 */
export async function storageReply(world, { method, url, body, authorization }) {
  const { ticket = '', part } = /^\/upload\/(?<ticket>\w+)(?:\/(?<part>\d+))?$/.exec(url.pathname)?.groups ?? {};
  if (authorization !== undefined) {
    return { status: 400, headers: {}, text: 'Only one auth mechanism is allowed' };
  }
  if (method === 'PUT') {
    const etag = await world.storage.take(ticket, Number(part ?? 0), body).catch(() => null);
    const isWhole = etag !== null && (part !== undefined || (await world.storage.finish(ticket)));
    return isWhole
      ? { status: 200, headers: { etag }, text: '' }
      : { status: 400, headers: {}, text: 'not what was promised' };
  }
  return { status: 405, headers: {}, text: 'only PUT' };
}

/** @param {import('node:http').IncomingMessage} body */
async function textOf(body) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > MAX_JSON) {
      throw new Error('too much was sent');
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** @returns {Promise<Reply>} */
async function create(
  /** @type {World} */ world,
  /** @type {Sent} */ { body },
  /** @type {string} */ _,
  /** @type {string} */ user,
) {
  const { name, organization, visibility } = JSON.parse(await textOf(body));
  const repo = `${organization}/${name}`;
  if (await world.repos.exists(repo)) {
    return failure(409, 'You already created this model repo');
  }
  world.repos.create(repo);
  if (visibility === 'private') {
    world.access[repo] = { private: true, members: [user] };
  }
  return json({ url: `${world.endpoint}/${repo}`, name: repo, id: repo });
}

/** @returns {Promise<Reply>} */
async function preupload(/** @type {World} */ _, /** @type {Sent} */ { body }) {
  /** @type {{ files: { path: string, size: number }[] }} */
  const { files } = JSON.parse(await textOf(body));
  const modes = files.map(({ path, size }) => {
    return { path, uploadMode: LARGE.test(path) || size > LARGE_BYTES ? 'lfs' : 'regular', shouldIgnore: false };
  });
  return json({ files: modes });
}

/** @returns {Promise<Reply>} */
async function batch(/** @type {World} */ world, /** @type {Sent} */ { body }, /** @type {string} */ repo) {
  /** @type {{ objects: { oid: string, size: number }[] }} */
  const { objects } = JSON.parse(await textOf(body));
  const answers = objects.map(({ oid, size }) => {
    if (world.storage.get(repo, oid)) {
      return { oid, size };
    }
    const ticket = world.storage.begin(repo, oid, size);
    const to = `${world.cdn}/upload/${ticket}`;
    const count = Math.ceil(size / world.partSize);
    const href = count > 1 ? `${world.endpoint}/api/complete_multipart/${ticket}` : to;
    const parts = Array.from({ length: count }, (_, i) => [String(i + 1).padStart(5, '0'), `${to}/${i + 1}`]);
    const header = count > 1 ? { chunk_size: String(world.partSize), ...Object.fromEntries(parts) } : undefined;
    return { oid, size, actions: { upload: { href, ...(header && { header }) } } };
  });
  const reply = json({ transfer: 'basic', objects: answers });
  return { ...reply, headers: { ...reply.headers, 'content-type': 'application/vnd.git-lfs+json' } };
}

/** The end of an upload in parts, which is known once. @returns {Promise<Reply>} */
async function complete(/** @type {World} */ { storage }, /** @type {Sent} */ { body, url }) {
  await textOf(body);
  return (await storage.finish(url.pathname.split('/').at(-1) ?? ''))
    ? json({ success: true })
    : failure(404, 'No such upload');
}

/** @returns {Promise<Reply>} */
async function commit(/** @type {World} */ world, /** @type {Sent} */ { body, url }, /** @type {string} */ repo) {
  const lines = (await textOf(body)).split('\n').map((line) => JSON.parse(line));
  const head = await world.repos.commit(repo, 'main');
  /** @type {Map<string, HubFile>} */
  const files = new Map(head?.files.map((file) => [file.path, file]));
  let summary = '';
  for (const { key, value } of lines) {
    if (key === 'header') {
      summary = value.summary;
      if (value.parentCommit !== undefined && value.parentCommit !== head?.sha) {
        return failure(412, 'A commit has happened since. Please refresh and try again.');
      }
    } else if (key === 'deletedFile') {
      if (!files.delete(value.path)) {
        return failure(400, `${value.path} is not there`);
      }
    } else {
      const file = key === 'lfsFile' ? stored(world, repo, value) : written(world, value);
      if (!file) {
        return failure(400, `LFS pointer pointed to a file that does not exist: ${value.path}`);
      }
      files.set(value.path, file);
    }
  }
  const isRequest = url.searchParams.get('create_pr') === '1';
  const made = world.repos.add(repo, [...files.values()], summary, isRequest);
  const page = `${world.endpoint}/${repo}`;
  return json({
    success: true,
    commitOid: made.sha,
    commitUrl: `${page}/commit/${made.sha}`,
    hookOutput: '',
    ...(isRequest && { pullRequestUrl: `${page}/discussions/${made.request}` }),
  });
}

/** @returns {HubFile | null} */
function stored(/** @type {World} */ world, /** @type {string} */ repo, /** @type {Entry} */ { path, oid = '' }) {
  const file = world.storage.get(repo, oid);
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${file?.size}\n`;
  return file && { path, file: file.file, size: file.size, oid: blobId(Buffer.from(pointer)), sha256: oid };
}

/** @returns {HubFile} */
function written(/** @type {World} */ world, /** @type {Entry} */ { path, content = '' }) {
  const bytes = Buffer.from(content, 'base64');
  return { path, file: world.storage.put(bytes), size: bytes.length, oid: blobId(bytes), sha256: null };
}

/** Git's name of a file. @param {Buffer} bytes */
function blobId(bytes) {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
