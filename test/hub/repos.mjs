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

  /** @param {string} root */
  constructor(root) {
    this.root = root;
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
    return this.#branches.has(repo) || (await holdsFile(join(this.root, repo)));
  }

  /**
   * @param {string} repo that exists
   * @param {string} revision branch or commit
   * @returns {Promise<Commit | null>}
   */
  async commit(repo, revision) {
    const branch = revision === 'HEAD' ? 'main' : revision;
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
