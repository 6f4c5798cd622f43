// What can go wrong with an answer, on demand, by name; and what has to follow from it.
import { gzipSync } from 'node:zlib';

/**
 * @typedef {object} Answer what is right
 * @property {number} status
 * @property {Record<string, string>} headers with its length
 * @property {Buffer} body
 *
 * @typedef {object} Scene
 * @property {import('node:http').IncomingMessage} request
 * @property {import('node:http').ServerResponse} response
 * @property {Answer} answer
 * @property {() => Promise<Buffer>} wholeFile of which the answer is a range
 * @property {string} elsewhere an origin that is no part of the Hub
 * @property {number} retryAfter seconds
 *
 * @typedef {object} Occasion what an answer is
 * @property {boolean} body
 * @property {boolean} range
 * @property {boolean} [json] of the API
 * @property {boolean} [listing]
 * @property {boolean} [info]
 *
 * @typedef {object} Kind
 * @property {keyof Occasion} [needs] answers that it suits; all of them where it is left out
 * @property {readonly number[]} once exit codes of a conversion that meets it once; 0 is success with the exact bytes
 * @property {readonly number[]} lasting the same where every answer from then on that it suits has it
 * @property {(scene: Scene) => unknown} send
 */

/** @typedef {keyof typeof TABLE} Fault */

const DRIP_MS = 50;
const MIB = 2 ** 20;
/** It would clear the screen, start bold text, and turn the direction of the text. */
const ODD_NAME = 'a\u001b[2J\u009b1m\u202e.safetensors';
const PASSES = { once: [0], lasting: [5] };
const ENDS = { once: [5], lasting: [5] };
/** A refusal at an address that the Hub redirected to, is asked about at the Hub once more. */
const MAY_END = { once: [0, 5], lasting: [5] };

const TABLE = kinds({
  // It may be better next time.
  rate: { ...PASSES, send: ({ response, retryAfter }) => refuse(response, 429, { 'retry-after': String(retryAfter) }) },
  failing: { ...PASSES, send: ({ response }) => refuse(response, 500) },
  reset: { ...PASSES, send: ({ request }) => request.socket.resetAndDestroy() },
  cut: { ...PASSES, needs: 'body', send: (scene) => sendPart(scene, half(scene), () => scene.response.destroy()) },
  whole: { ...PASSES, needs: 'range', send: sendWhole },
  stall: { ...PASSES, needs: 'body', send: (scene) => sendPart(scene, half(scene)) },
  'wrong-range': {
    ...PASSES,
    needs: 'range',
    send: (scene) => send(scene, { headers: { 'content-range': shifted(scene) } }),
  },
  busy: { ...PASSES, send: ({ response }) => refuse(response, 503, { 'retry-after': '0' }) },
  timeout: { ...PASSES, send: ({ response }) => refuse(response, 408) },
  silent: { ...PASSES, send: () => {} },
  'not-http': { ...PASSES, send: ({ request }) => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n') },
  'headers-cut': { ...PASSES, send: ({ request }) => request.socket.end('HTTP/1.1 200 OK\r\nContent-Le') },
  'headers-slow': {
    ...PASSES,
    send: ({ request }) => drip(request.socket, Buffer.from(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(9999)}`)),
  },
  'headers-flood': { ...PASSES, send: (scene) => send(scene, { headers: flood() }) },
  'hints-flood': {
    ...PASSES,
    send: ({ request }) => drip(request.socket, Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(999)), 28),
  },
  switching: {
    ...PASSES,
    send: ({ request }) =>
      request.socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  },
  'one-byte': { ...PASSES, needs: 'body', send: (scene) => sendPart(scene, 1, () => scene.response.destroy()) },
  dripping: {
    ...PASSES,
    needs: 'body',
    send: (scene) => sendPart(scene, 0, () => drip(scene.response, scene.answer.body)),
  },
  'half-closed': {
    ...PASSES,
    needs: 'body',
    send: (scene) => sendPart(scene, half(scene), () => scene.request.socket.end()),
  },
  'chunks-cut': {
    ...PASSES,
    needs: 'body',
    send: (scene) => sendPart(scene, half(scene), () => scene.response.destroy(), { 'transfer-encoding': 'chunked' }),
  },
  'no-range': { ...PASSES, needs: 'range', send: (scene) => send(scene, { without: 'content-range' }) },
  'wrong-total': {
    ...PASSES,
    needs: 'range',
    send: (scene) => send(scene, { headers: { 'content-range': `${scene.answer.headers['content-range']}0` } }),
  },
  compressed: {
    ...PASSES,
    needs: 'range',
    send: (scene) => send(scene, { headers: { 'content-encoding': 'gzip' }, body: gzipSync(scene.answer.body) }),
  },
  multipart: {
    ...PASSES,
    needs: 'range',
    send: (scene) => send(scene, { headers: { 'content-type': 'multipart/byteranges; boundary=x' } }),
  },
  longer: {
    ...PASSES,
    needs: 'range',
    send: (scene) => send(scene, { body: Buffer.concat([scene.answer.body, Buffer.from('more')]) }),
  },
  endless: {
    ...ENDS,
    needs: 'range',
    send: (scene) => sendPart(scene, 0, () => pour(scene.response), { 'transfer-encoding': 'chunked' }),
  },
  'redirect-nowhere': { ...PASSES, send: (scene) => redirect(scene, 'http://nowhere.localhost:9/') },
  'redirect-itself': { ...PASSES, send: (scene) => redirect(scene, scene.request.url ?? '') },

  // It is allowed.
  hints: {
    once: [0],
    lasting: [0],
    send: (scene) => scene.response.writeEarlyHints({ link: '</x>; rel=preload' }, () => send(scene, {})),
  },

  // It says no.
  'retry-far': { ...ENDS, send: ({ response }) => refuse(response, 429, { 'retry-after': '100000' }) },
  'no-location': { ...ENDS, send: ({ response }) => refuse(response, 302) },
  teapot: { ...MAY_END, send: ({ response }) => refuse(response, 418) },
  'not-satisfiable': { ...MAY_END, send: ({ response }) => refuse(response, 416, { 'content-range': 'bytes */1' }) },
  'odd-status': { once: [0, 5], lasting: [5], send: ({ response }) => refuse(response, 999) },
  'token-echo': {
    ...MAY_END,
    send: ({ request, response }) =>
      refuse(response, 400, { 'x-error-message': `No: ${request.headers.authorization}` }),
  },

  // It leads elsewhere.
  'redirect-file': { ...ENDS, send: (scene) => redirect(scene, 'file:///etc/passwd') },
  'redirect-ftp': { ...ENDS, send: (scene) => redirect(scene, 'ftp://127.0.0.1/x') },
  'redirect-password': { ...ENDS, send: (scene) => redirect(scene, scene.elsewhere.replace('//', '//me:secret@')) },
  'redirect-elsewhere': { ...MAY_END, send: (scene) => redirect(scene, `${scene.elsewhere}/x`) },
  'next-file': { ...ENDS, needs: 'listing', send: (scene) => next(scene, 'file:///etc/passwd') },
  'next-elsewhere': { ...ENDS, needs: 'listing', send: (scene) => next(scene, `${scene.elsewhere}/x`) },
  'next-itself': { ...ENDS, needs: 'listing', send: (scene) => next(scene, scene.request.url ?? '') },

  // It is another file.
  'other-etag': {
    once: [0, 5],
    lasting: [0, 5],
    needs: 'range',
    send: (scene) => send(scene, { headers: { etag: `"${Math.random()}"` } }),
  },
  'other-commit': {
    ...ENDS,
    needs: 'range',
    send: (scene) => send(scene, { headers: { 'x-repo-commit': 'f'.repeat(40) } }),
  },
  flipped: {
    once: [4],
    lasting: [4],
    needs: 'range',
    send: (scene) => send(scene, { body: flipped(scene.answer.body) }),
  },
  'other-size': { ...ENDS, needs: 'range', send: (scene) => send(scene, { headers: { 'x-linked-size': '7' } }) },

  // It is no answer of the API.
  'no-content': { ...ENDS, needs: 'json', send: ({ response }) => response.writeHead(204).end() },
  'not-json': {
    ...ENDS,
    needs: 'json',
    send: (scene) => send(scene, { body: Buffer.from('<html>Log in to the guest network</html>') }),
  },
  'half-json': {
    ...ENDS,
    needs: 'json',
    send: (scene) => send(scene, { body: scene.answer.body.subarray(0, half(scene)) }),
  },
  'null-json': { ...ENDS, needs: 'json', send: (scene) => send(scene, { body: Buffer.from('null') }) },
  'deep-json': { ...ENDS, needs: 'json', send: (scene) => send(scene, { body: Buffer.alloc(7 * MIB, '[') }) },
  'large-json': { ...ENDS, needs: 'json', send: (scene) => send(scene, { body: Buffer.alloc(31 * MIB, '{"a":') }) },
  'wide-json': {
    once: [4, 5],
    lasting: [4, 5],
    needs: 'json',
    send: (scene) => send(scene, { body: Buffer.from(`[${'{},'.repeat(2.5e6)}{}]`) }),
  },
  'bomb-json': {
    ...ENDS,
    needs: 'json',
    send: (scene) => send(scene, { headers: { 'content-encoding': 'gzip' }, body: gzipBomb() }),
  },
  'endless-json': {
    ...ENDS,
    needs: 'json',
    send: (scene) => sendPart(scene, 0, () => pour(scene.response), { 'transfer-encoding': 'chunked' }),
  },
  'odd-commit': { ...ENDS, needs: 'info', send: (scene) => json(scene, (info) => ({ ...info, sha: '../../x' })) },
  'no-commit': { ...ENDS, needs: 'info', send: (scene) => json(scene, (info) => ({ ...info, sha: 'f'.repeat(40) })) },

  // Its listing is wrong.
  'listed-twice': { ...ENDS, needs: 'listing', send: (scene) => json(scene, (files) => [...files, files[0]]) },
  'listed-huge': { ...ENDS, needs: 'listing', send: (scene) => entry(scene, 'config.json', { size: 2 ** 60 }) },
  'listed-longer': { ...ENDS, needs: 'listing', send: (scene) => entry(scene, 'config.json', { size: 5000 }) },
  'listed-upwards': {
    once: [4],
    lasting: [4],
    needs: 'listing',
    send: (scene) => entry(scene, 'config.json', { path: '../config.json' }),
  },
  'listed-hash': {
    once: [4],
    lasting: [4],
    needs: 'listing',
    send: (scene) => entry(scene, 'config.json', { oid: 'f'.repeat(40) }),
  },
  'listed-long-name': {
    ...ENDS,
    needs: 'listing',
    send: (scene) => entry(scene, 'config.json', { path: 'x'.repeat(5000) }),
  },
  'listed-absent': {
    once: [4, 5],
    lasting: [4, 5],
    needs: 'listing',
    send: (scene) => entry(scene, 'config.json', { path: 'absent.json' }),
  },
  'listed-controls': {
    once: [0, 4, 5],
    lasting: [0, 4, 5],
    needs: 'listing',
    send: (scene) => json(scene, (files) => [...files, { type: 'file', size: 9, oid: 'e'.repeat(40), path: ODD_NAME }]),
  },
});

/** One bit is wrong. */
function flipped(/** @type {Buffer} */ body) {
  const copy = Buffer.from(body);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 4;
  return copy;
}

/** Faults that pass, each in turn: what a bad network does. */
export const FAULTS = /** @type {const} */ (['rate', 'failing', 'reset', 'cut', 'whole', 'stall', 'wrong-range']);

/** All of them. @type {Readonly<Record<Fault, Kind>>} */
export const FAULT_TABLE = TABLE;

/** Makes every Nth request fail, by each fault in turn; one that doesn't suit the request lets the next one go first. */
export class FaultPlan {
  #requests = 0;

  /**
   * @param {number} every 0 for never
   * @param {readonly Fault[]} faults
   */
  constructor(every, faults = FAULTS) {
    this.every = every;
    /** @type {Fault[]} the next one first */
    this.turn = [...faults];
  }

  /**
   * @param {Occasion} answer what the answer would be
   * @returns {Fault | null}
   */
  next(answer) {
    this.#requests++;
    if (this.every === 0 || this.#requests % this.every !== 0) {
      return null;
    }
    const index = this.turn.findIndex((fault) => suits(fault, answer));
    const [fault] = index < 0 ? [] : this.turn.splice(index, 1);
    if (!fault) {
      return null;
    }
    this.turn.push(fault);
    return fault;
  }
}

/**
 * @typedef {object} Place
 * @property {Fault} fault
 * @property {number} from the request that has it, from 0 on: this one or the next one that it suits
 * @property {boolean} lasting whether all that follow have it, too
 */

/** Faults at places. */
export class PlacedFaults {
  #requests = 0;

  /** @param {readonly Place[]} places */
  constructor(places) {
    this.places = [...places];
  }

  /**
   * @param {Occasion} answer what the answer would be
   * @returns {Fault | null}
   */
  next(answer) {
    const request = this.#requests++;
    const index = this.places.findIndex(({ fault, from }) => from <= request && suits(fault, answer));
    const place = this.places[index];
    if (place && !place.lasting) {
      this.places.splice(index, 1);
    }
    return place?.fault ?? null;
  }
}

/**
 * @param {Fault} fault
 * @param {Occasion} answer
 */
function suits(fault, answer) {
  const { needs } = FAULT_TABLE[fault];
  return needs === undefined || !!answer[needs];
}

/**
 * @template {string} Name
 * @param {Record<Name, Kind>} table
 */
function kinds(table) {
  return table;
}

/**
 * The right answer with changes.
 * @param {Scene} scene
 * @param {{ headers?: Record<string, string | string[]>, without?: string, body?: Buffer }} changes
 */
function send({ response, answer }, { headers = {}, without, body = answer.body }) {
  const all = { ...answer.headers, 'content-length': String(body.length), ...headers };
  const kept = Object.entries(all).filter(([name]) => name !== without);
  response.writeHead(answer.status, Object.fromEntries(kept)).end(body);
}

/**
 * The first bytes of the right answer, and then what is done instead of the rest; nothing, until the client leaves,
 * where that is left out.
 * @param {Scene} scene
 * @param {number} bytes
 * @param {() => unknown} instead
 * @param {Record<string, string>} headers in place of the length
 */
function sendPart(
  { response, answer },
  bytes,
  instead = () => {},
  headers = { 'content-length': String(answer.body.length) },
) {
  const { 'content-length': _, ...others } = answer.headers;
  response.writeHead(answer.status, { ...others, ...headers });
  response.flushHeaders();
  if (bytes === 0) {
    instead();
  } else {
    response.write(answer.body.subarray(0, bytes), instead);
  }
}

/** @param {Scene} scene */
async function sendWhole({ response, answer, wholeFile }) {
  const body = await wholeFile();
  const { 'content-range': _, ...headers } = answer.headers;
  response.writeHead(200, { ...headers, 'content-length': String(body.length) }).end(body);
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {Record<string, string>} headers
 */
function refuse(response, status, headers = {}) {
  response.writeHead(status, headers).end('No');
}

/** @param {Scene} scene @param {string} location */
function redirect({ response }, location) {
  response.writeHead(302, { location }).end();
}

/** @param {Scene} scene */
function half({ answer }) {
  return answer.body.length >> 1;
}

/** @param {Scene} scene */
function shifted({ answer }) {
  return (answer.headers['content-range'] ?? '').replace(/\d+/, (from) => String(Number(from) + 1));
}

/** @returns {Record<string, string[]>} more headers than a client holds */
function flood() {
  return { 'x-flood': Array.from({ length: 3000 }, (_, i) => `line ${i} of the flood`) };
}

/** @param {import('node:stream').Writable} to @param {Buffer} bytes @param {number} step */
function drip(to, bytes, step = 1) {
  let next = 0;
  const timer = setInterval(() => {
    if (next >= bytes.length) {
      to.end();
    } else {
      to.write(bytes.subarray(next, next + step));
      next += step;
    }
  }, DRIP_MS);
  to.once('close', () => clearInterval(timer));
}

/** Zeros, as long as the client takes them. @param {import('node:stream').Writable} to */
function pour(to) {
  const zeros = Buffer.alloc(MIB);
  const more = () => {
    if (!to.destroyed) {
      to.write(zeros, more);
    }
  };
  to.once('error', () => {});
  more();
}

/** @type {Buffer | undefined} */
let bomb;

/** Few bytes that become many. */
function gzipBomb() {
  bomb ??= gzipSync(Buffer.alloc(64 * MIB));
  return bomb;
}

/** @param {Scene} scene @param {string} page */
function next(scene, page) {
  send(scene, { headers: { link: `<${page}>; rel="next"` } });
}

/**
 * @param {Scene} scene
 * @param {(value: any) => unknown} change
 */
function json(scene, change) {
  send(scene, { body: Buffer.from(JSON.stringify(change(JSON.parse(scene.answer.body.toString())))) });
}

/** @param {Scene} scene @param {string} path @param {object} change */
function entry(scene, path, change) {
  json(scene, (/** @type {{ path: string }[]} */ files) =>
    files.map((file) => (file.path === path ? { ...file, ...change } : file)),
  );
}
