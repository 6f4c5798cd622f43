// From a reply to bytes on the wire, right or wrong.
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {string} [text] the body
 * @property {{ file: string, size: number }} [file] whose bytes are the body, or the range of them that is asked for
 */

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Reply} reply
 * @param {import('./faults.mjs').Fault | null} fault
 * @param {number} retryAfter seconds
 */
export async function respond(request, response, reply, fault, retryAfter) {
  if (fault === 'reset') {
    request.socket.resetAndDestroy();
  } else if (fault === 'rate') {
    response.writeHead(429, { 'retry-after': String(retryAfter) }).end('Too many requests');
  } else if (fault === 'failing') {
    response.writeHead(500).end('Internal error');
  } else if (reply.file) {
    await sendFile(request, response, reply.headers, reply.file, fault);
  } else {
    const body = Buffer.from(reply.text ?? '');
    response.writeHead(reply.status, { ...reply.headers, 'content-length': String(body.length) });
    if (fault === null) {
      response.end(body);
    } else {
      response.write(body.subarray(0, body.length >> 1), () => breakOff(response, fault));
    }
  }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Record<string, string>} headers
 * @param {{ file: string, size: number }} file
 * @param {import('./faults.mjs').Fault | null} fault
 */
async function sendFile(request, response, headers, { file, size }, fault) {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const ranged = asked !== null && fault !== 'whole';
  const start = ranged ? Number(asked[1]) : 0;
  const end = ranged && asked[2] ? Math.min(Number(asked[2]), size - 1) : size - 1;
  if (start > end && (ranged || size > 0)) {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  const told = fault === 'wrong-range' ? start + 1 : start;
  response.writeHead(ranged ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    ...headers,
    'content-length': String(end + 1 - start),
    ...(ranged && { 'content-range': `bytes ${told}-${end}/${size}` }),
  });
  if (request.method === 'HEAD' || size === 0) {
    response.end();
    return;
  }
  const broken = fault === 'cut' || fault === 'stall';
  const half = start + ((end + 1 - start) >> 1);
  if (broken && half === start) {
    response.flushHeaders();
    breakOff(response, fault);
    return;
  }
  const bytes = createReadStream(file, { start, end: broken ? half - 1 : end });
  await pipeline(bytes, response, { end: !broken }).catch(() => {}); // The client may leave.
  if (broken) {
    breakOff(response, fault);
  }
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {import('./faults.mjs').Fault} fault 'cut', or 'stall': then nothing comes any more, until the client leaves
 */
function breakOff(response, fault) {
  if (fault === 'cut') {
    response.destroy();
  }
}
