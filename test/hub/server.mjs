// A Hub on this machine: speaks the part of the real API that readers of models use, to the real client.
import { createServer } from 'node:http';
import { FAULTS, FaultPlan } from './faults.mjs';
import { line } from './line.mjs';
import { makeOAuth, tokenReply } from './oauth.mjs';
import { json } from './replies.mjs';
import { Repos } from './repos.mjs';
import { respond } from './respond.mjs';
import { cdnReply, hubReply } from './routes.mjs';
import { Storage, storageReply, writeReply } from './writing.mjs';

/**
 * @typedef {object} HubOptions
 * @property {number} [port] 0 for any
 * @property {number} [pageSize] entries of a page of a listing
 * @property {boolean} [hashes] whether listings hold the hashes of files, as they do by default
 * @property {Record<string, import('./access.mjs').Rule>} [access] by repository
 * @property {Record<string, import('./access.mjs').Token>} [tokens] by the token's text
 * @property {Partial<import('./oauth.mjs').OAuth>} [oauth] who logs in, and to which app
 * @property {number} [faultEvery] 0 for never
 * @property {readonly import('./faults.mjs').Fault[]} [faults] which, in turn
 * @property {number} [rate] bytes a second of all files together, as over a line; no limit by default
 * @property {number} [partSize] bytes above which a file is sent in parts of as many; 16 MiB by default
 * @property {number} [retryAfter] seconds that the fault `rate` asks for
 *
 * @typedef {object} Seen one request
 * @property {'hub' | 'cdn' | 'elsewhere'} host elsewhere is no part of the Hub
 * @property {string} method
 * @property {string} path
 * @property {string | null} range
 * @property {string | null} authorization
 * @property {import('./faults.mjs').Fault | null} fault
 */

/** With these nothing need be taken. @type {ReadonlySet<string>} */
const PASSING = new Set(FAULTS);

export class LoopbackHub {
  /** @type {Seen[]} every request so far */
  seen = [];
  #open = 0;
  #writeFaults = 0;
  /** @type {(() => void)[]} */
  #whenIdle = [];

  /**
   * @param {string} root folder of repositories, `org/name` or `name`
   * @param {HubOptions} options
   */
  constructor(root, options) {
    this.repos = new Repos(root);
    /** @type {FaultPlan} */
    this.faults = new FaultPlan(options.faultEvery ?? 0, options.faults);
    /** @type {import('./faults.mjs').PlacedFaults | null} in place of the plan */
    this.placed = null;
    this.elsewhere = '';
    this.retryAfter = options.retryAfter ?? 1;
    this.line = options.rate === undefined ? null : line(options.rate);
    const { pageSize = 1000, hashes = true, access = {}, tokens = {}, partSize = 16 * 2 ** 20 } = options;
    this.storage = new Storage();
    const { repos, storage } = this;
    const addresses = { endpoint: '', cdn: '', signature: 'first' };
    /** @type {import('./routes.mjs').World} */
    this.world = {
      ...addresses,
      repos,
      storage,
      pageSize,
      partSize,
      hashes,
      access,
      tokens,
      oauth: makeOAuth(options.oauth),
    };
    this.servers = {
      hub: createServer((request, response) => this.#answer('hub', request, response)),
      cdn: createServer((request, response) => this.#answer('cdn', request, response)),
      elsewhere: createServer((request, response) => this.#answer('elsewhere', request, response)),
    };
  }

  /** What HF_ENDPOINT is to be. */
  get endpoint() {
    return this.world.endpoint;
  }

  /** @param {number} port */
  async listen(port) {
    this.world.cdn = await listen(this.servers.cdn, 0);
    this.elsewhere = await listen(this.servers.elsewhere, 0);
    this.world.endpoint = await listen(this.servers.hub, port);
  }

  async close() {
    for (const server of Object.values(this.servers)) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    this.storage.close();
  }

  /** Resolves once no answer is under way. */
  async idle() {
    if (this.#open > 0) {
      await /** @type {Promise<void>} */ (new Promise((done) => this.#whenIdle.push(done)));
    }
  }

  /**
   * @param {'hub' | 'cdn' | 'elsewhere'} host
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #answer(host, request, response) {
    this.#open++;
    response.once('close', () => this.#closed());
    const url = new URL(request.url ?? '', `http://${host}`);
    const { range = null, authorization } = request.headers;
    const { method = 'GET' } = request;
    const isRead = method === 'GET' || method === 'HEAD';
    const early = isRead || host === 'elsewhere' ? undefined : this.#writeFault(host);
    const reply = isRead
      ? await this.#reply(host, url, authorization)
      : early?.isFirst
        ? unread(request)
        : await this.#written(host, { method, url, authorization, body: request });
    const body = reply.file ? reply.file.size > 0 : !!reply.text;
    const json = host === 'hub' && reply.status === 200 && !reply.file;
    const fault =
      early || host === 'elsewhere'
        ? (early?.fault ?? null)
        : (this.placed ?? this.faults).next({
            body,
            range: !!reply.file && body && range !== null,
            json,
            listing: json && url.pathname.includes('/tree/'),
            info: json && url.pathname.includes('/revision/'),
          });
    this.seen.push({ host, method, path: url.pathname, range, authorization: authorization ?? null, fault });
    const { elsewhere, retryAfter, line } = this;
    await respond(request, response, reply, fault, { elsewhere, retryAfter, line });
  }

  /**
   * What goes wrong with something that is sent: by turns when it is done and before it is taken.
   * @param {'hub' | 'cdn'} host
   */
  #writeFault(host) {
    const isHub = host === 'hub';
    const fault = (this.placed ?? this.faults).next({ body: isHub, range: false, json: isHub });
    return { fault, isFirst: fault !== null && PASSING.has(fault) && this.#writeFaults++ % 2 === 1 };
  }

  /**
   * @param {'hub' | 'cdn' | 'elsewhere'} host
   * @param {URL} url
   * @param {string | undefined} authorization
   * @returns {Promise<import('./respond.mjs').Reply>}
   */
  async #reply(host, url, authorization) {
    if (host === 'elsewhere') {
      return { status: 404, headers: {}, text: 'nothing here' };
    }
    return host === 'hub' ? hubReply(this.world, url, authorization) : cdnReply(this.world, url);
  }

  /**
   * @param {'hub' | 'cdn' | 'elsewhere'} host
   * @param {import('./writing.mjs').Sent} sent
   * @returns {Promise<import('./respond.mjs').Reply>}
   */
  async #written(host, sent) {
    const reply =
      sent.url.pathname === '/oauth/token'
        ? tokenReply(this.world, sent)
        : host === 'hub'
          ? writeReply(this.world, sent)
          : storageReply(this.world, sent);
    // The client may break off what it sends.
    return reply.catch(() => ({ status: 400, headers: {}, text: 'cut off' }));
  }

  #closed() {
    this.#open--;
    if (this.#open === 0) {
      for (const done of this.#whenIdle.splice(0)) {
        done();
      }
    }
  }
}

/** What stands for an answer where nothing is taken. @param {import('node:http').IncomingMessage} request */
function unread(request) {
  request.resume();
  return json({ success: false });
}

/**
 * @param {string} root folder of repositories, `org/name` or `name`
 * @param {HubOptions} options
 */
export async function startHub(root, options = {}) {
  const hub = new LoopbackHub(root, options);
  await hub.listen(options.port ?? 0);
  return hub;
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @returns {Promise<string>} its address
 */
async function listen(server, port) {
  await /** @type {Promise<void>} */ (
    new Promise((done, failed) => {
      server.once('error', failed).listen(port, '127.0.0.1', () => done());
    })
  );
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`;
}
