// The repositories that the loopback Hub serves: folders, as commits with branches.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const LFS_FROM_BYTES = 2 ** 20;
/** Of `stat`'s blocks, everywhere. */
const BLOCK_BYTES = 512;

/**
 * @typedef {object} HubFile
 * @property {string} path inside the repository
 * @property {string} file on this machine
 * @property {number} size
 * @property {string} oid git's object id of the file, or of its LFS pointer
 * @property {string | null} sha256 of an LFS file
 *
 * @typedef {object} Written what was committed over the wire
 * @property {Commit[]} commits of the main branch
 * @property {(Commit & { title: string })[]} requests pull requests
 * @property {string[]} summaries of all, in order
 *
 * @typedef {object} Commit
 * @property {string} sha
 * @property {HubFile[]} files sorted by path
 */

/** `DIR/org/name` and `DIR/name`: a folder that holds a file is a repository. */
export class Repos {
  /** @type {Map<string, Map<string, string>>} folder by branch by repository */
  #branches = new Map();
  /** @type {Map<string, Promise<Commit>>} by repository and folder */
  #commits = new Map();
  /** @type {Map<string, HubFile>} LFS files by sha256 */
  #blobs = new Map();

  /** @type {Map<string, Written>} what was committed over the wire, by repository */
  #written = new Map();
  /** @type {Map<string, string>} when a repository changed, where it isn't long ago */
  #changed = new Map();

  /** @type {Map<string, string>} the new name of a repository by its old one */
  #renamed = new Map();

  /** @param {string} root */
  constructor(root) {
    this.root = root;
  }

  /**
   * Makes an empty repository.
   * @param {string} repo
   */
  create(repo) {
    const first = { sha: createHash('sha1').update(`${repo}\n`).digest('hex'), files: [] };
    this.#written.set(repo, { commits: [first], requests: [], summaries: [] });
  }

  /**
   * @param {string} repo
   * @param {HubFile[]} files all that it has from now on, or would have
   * @param {string} summary
   * @param {boolean} isRequest
   * @returns {Commit & { request: number }} with the number of the pull request
   */
  add(repo, files, summary, isRequest) {
    const written = this.#written.get(repo) ?? { commits: [], requests: [], summaries: [] };
    this.#written.set(repo, written);
    const count = written.commits.length + written.requests.length;
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const tree = files.map(({ path, oid }) => `${oid} ${path}\n`).join('');
    const made = { sha: createHash('sha1').update(`${repo}\n${count}\n${tree}`).digest('hex'), files };
    if (isRequest) {
      written.requests.push({ ...made, title: summary });
    } else {
      written.commits.push(made);
    }
    written.summaries.push(summary);
    for (const file of files) {
      if (file.sha256) {
        this.#blobs.set(file.sha256, file);
      }
    }
    return { ...made, request: written.requests.length };
  }

  /**
   * What was committed over the wire.
   * @param {string} repo
   * @returns {Written}
   */
  written(repo) {
    return this.#written.get(repo) ?? { commits: [], requests: [], summaries: [] };
  }

  /** @param {string} repo @param {string} when in ISO 8601 */
  setChanged(repo, when) {
    this.#changed.set(repo, when);
  }

  /** @param {string} repo */
  changed(repo) {
    return this.#changed.get(repo) ?? '2026-01-01T00:00:00.000Z';
  }

  /** Its commits stay. @param {string} repo @param {string} to */
  rename(repo, to) {
    this.#renamed.set(repo, to);
  }

  /** @param {string} repo */
  nameNow(repo) {
    return this.#renamed.get(repo) ?? repo;
  }

  /** The name that a repository had when it was made. @param {string} repo */
  #firstName(repo) {
    return [...this.#renamed].find(([, to]) => to === repo)?.[0] ?? repo;
  }

  /** All that have a text in their names. @param {string} text */
  async search(text) {
    const owners = await readdir(this.root).catch(() => []);
    const all = await Promise.all(owners.map((owner) => this.ofOwner(owner)));
    return all.flat().filter(({ repo }) => repo.toLowerCase().includes(text.toLowerCase()));
  }

  /** @param {string} owner */
  async ofOwner(owner) {
    const entries = await readdir(join(this.root, owner)).catch(() => []);
    const repos = new Set(entries.map((name) => `${owner}/${name}`));
    for (const repo of this.#written.keys()) {
      if (repo.startsWith(`${owner}/`)) {
        repos.add(repo);
      }
    }
    const found = await Promise.all([...repos].map(async (repo) => ({ repo, head: await this.commit(repo, 'main') })));
    return found.flatMap(({ repo, head }) =>
      head ? [{ repo: this.nameNow(repo), sha: head.sha, changed: this.changed(repo) }] : [],
    );
  }

  /**
   * Points a branch at what a folder holds; commits made before stay.
   * @param {string} repo
   * @param {string} branch
   * @param {string} folder
   */
  setBranch(repo, branch, folder) {
    const branches = this.#branches.get(repo) ?? new Map();
    this.#branches.set(repo, branches.set(branch, folder));
  }

  /** @param {string} repo */
  async exists(repo) {
    const name = this.#firstName(repo);
    return this.#written.has(name) || this.#branches.has(name) || (await holdsFile(join(this.root, name)));
  }

  /**
   * @param {string} named a repository that exists
   * @param {string} revision branch or commit
   * @returns {Promise<Commit | null>}
   */
  async commit(named, revision) {
    const repo = this.#firstName(named);
    const branch = revision === 'HEAD' ? 'main' : revision;
    const { commits: own = [], requests = [] } = this.#written.get(repo) ?? {};
    const request = /^refs\/pr\/(\d+)$/.exec(branch)?.[1];
    const sent =
      (branch === 'main' ? own.at(-1) : undefined) ??
      requests[Number(request ?? 0) - 1] ??
      [...own, ...requests].find(({ sha }) => sha === revision);
    if (sent) {
      return sent;
    }
    const main = join(this.root, repo);
    const folder = this.#branches.get(repo)?.get(branch) ?? (branch === 'main' ? main : null);
    if (folder) {
      return this.#read(repo, folder);
    }
    if (await holdsFile(main)) {
      await this.#read(repo, main);
    }
    const commits = await Promise.all(this.#commits.values());
    return commits.find(({ sha }) => sha === revision) ?? null;
  }

  /** @param {string} sha256 of an LFS file of a commit that was asked for */
  blob(sha256) {
    return this.#blobs.get(sha256) ?? null;
  }

  /**
   * @param {string} repo
   * @param {string} folder
   */
  async #read(repo, folder) {
    const key = `${repo}\n${folder}`;
    const reading = this.#commits.get(key) ?? readCommit(repo, folder);
    this.#commits.set(key, reading);
    const commit = await reading;
    for (const file of commit.files) {
      if (file.sha256) {
        this.#blobs.set(file.sha256, file);
      }
    }
    return commit;
  }
}

/** @param {string} folder */
async function holdsFile(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.some((entry) => !entry.isDirectory());
}

/**
 * @param {string} repo
 * @param {string} folder
 * @returns {Promise<Commit>}
 */
async function readCommit(repo, folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  /** @type {HubFile[]} */
  const files = [];
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    const kind = await stat(file);
    if (kind.isFile()) {
      const isHollow = kind.blocks * BLOCK_BYTES < kind.size / 2;
      files.push(await describe(file.slice(folder.length).replace(/^\/+/, ''), file, kind.size, isHollow));
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const tree = files.map(({ path, oid }) => `${oid} ${path}\n`).join('');
  return { sha: createHash('sha1').update(`${repo}\n${tree}`).digest('hex'), files };
}

/**
 * @param {string} path
 * @param {string} file
 * @param {number} size
 * @param {boolean} isHollow whether it is mostly holes: named by its name and size then, since to read it would take hours
 * @returns {Promise<HubFile>}
 */
async function describe(path, file, size, isHollow) {
  if (size < LFS_FROM_BYTES && !path.endsWith('.safetensors')) {
    return { path, file, size, oid: await hashFile('sha1', file, `blob ${size}\0`), sha256: null };
  }
  const sha256 = isHollow
    ? createHash('sha256').update(`${path} ${size}`).digest('hex')
    : await hashFile('sha256', file, '');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
  const oid = createHash('sha1').update(`blob ${pointer.length}\0${pointer}`).digest('hex');
  return { path, file, size, oid, sha256 };
}

/**
 * @param {string} algorithm
 * @param {string} file
 * @param {string} head
 */
async function hashFile(algorithm, file, head) {
  const hash = createHash(algorithm).update(head);
  for await (const piece of createReadStream(file)) {
    hash.update(piece);
  }
  return hash.digest('hex');
}
