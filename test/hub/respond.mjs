// From a reply to bytes on the wire, right or wrong.
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { FAULT_TABLE } from './faults.mjs';

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {string} [text] the body
 * @property {{ file: string, size: number }} [file] whose bytes are the body, or the range of them that is asked for
 *
 * @typedef {object} Sent what goes over the wire
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {Buffer} [body]
 * @property {{ file: string, start: number, end: number }} [range] of a file, both ends included: the body
 */

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Reply} reply
 * @param {import('./faults.mjs').Fault | null} fault
 * @param {{ elsewhere: string, retryAfter: number, line: ReturnType<typeof import('./line.mjs').line> | null }} settings
 */
export async function respond(request, response, reply, fault, settings) {
  const { status, headers, body, range } = sent(request, reply);
  if (fault !== null) {
    const answer = { status, headers, body: body ?? (range ? await bytesOf(range) : Buffer.alloc(0)) };
    const wholeFile = () => readFile(reply.file?.file ?? '');
    await FAULT_TABLE[fault].send({ request, response, answer, wholeFile, ...settings });
    return;
  }
  response.writeHead(status, headers);
  if (range && request.method !== 'HEAD') {
    const source = createReadStream(range.file, range);
    await (settings.line ? pipeline(source, settings.line, response) : pipeline(source, response)).catch(() => {}); // The client may leave.
  } else {
    response.end(body);
  }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {Reply} reply
 * @returns {Sent}
 */
function sent(request, { status, headers, text = '', file }) {
  if (!file) {
    const body = Buffer.from(text);
    return { status, headers: { ...headers, 'content-length': String(body.length) }, body };
  }
  const { size } = file;
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = Number(asked?.[1] ?? 0);
  const end = asked?.[2] ? Math.min(Number(asked[2]), size - 1) : size - 1;
  if (start > end && (asked || size > 0)) {
    return { status: 416, headers: { 'content-range': `bytes */${size}` } };
  }
  return {
    status: asked ? 206 : 200,
    headers: {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      ...headers,
      'content-length': String(end + 1 - start),
      ...(asked && { 'content-range': `bytes ${start}-${end}/${size}` }),
    },
    ...(size > 0 && { range: { file: file.file, start, end } }),
  };
}

/** @param {{ file: string, start: number, end: number }} range */
async function bytesOf({ file, start, end }) {
  const bytes = Buffer.alloc(end + 1 - start);
  const handle = await open(file);
  try {
    await handle.read(bytes, 0, bytes.length, start);
  } finally {
    await handle.close();
  }
  return bytes;
}
