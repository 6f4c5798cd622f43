import { createHash } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../json.js';
import { MAX_UPLOAD_PARTS } from '../limits.js';
import { RefusedAnswer } from '../repo/checked-fetch.js';
import { type HubLocation, WrongAnswerError } from '../repo/errors.js';
import { type HubClient, post } from './hub-client.js';

/** A file in LFS. */
export interface LfsFile {
  /** In the repository. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

/** The same with its bytes. */
export interface LfsSource extends LfsFile {
  /** Bytes `from` to before `to`. @param onSent hears how many of them are sent. */
  slice(from: number, to: number, onSent: (bytes: number) => void): Blob;
  /** Receives the number of bytes that the storage has so far. */
  onProgress?(bytes: number): void;
}

const LFS = 'application/vnd.git-lfs+json';
/** Signed addresses expire: the Hub is asked for new ones so often. */
const MAX_BATCHES = 3;

/**
 * Sends a file to the storage that the Hub names, in one piece or in parts, unless it has the file already.
 * Protocol: git-lfs's batch API with the Hub's multipart transfer, as @huggingface/hub speaks it.
 * @throws RefusedAnswer, WrongAnswerError, HubError, InterruptedError
 */
export async function uploadLfs(client: HubClient, at: HubLocation, file: LfsSource): Promise<void> {
  for (let batch = 1; ; batch++) {
    const upload = await askForUpload(client, at, file);
    if (upload === null) {
      file.onProgress?.(file.size);
      return;
    }
    try {
      await (upload.chunk === null ? sendWhole(client, upload, file) : sendParts(client, upload, upload.chunk, file));
      return;
    } catch (error) {
      // Addresses expire, and what was completed with its answer lost can't be completed again: the Hub is asked anew.
      if (!(error instanceof RefusedAnswer) || batch === MAX_BATCHES) {
        throw error;
      }
    }
  }
}

interface Upload {
  readonly href: URL;
  /** Bytes of a part, and where each goes; null for a file that is sent whole. */
  readonly chunk: { readonly size: number; readonly parts: readonly URL[] } | null;
}

/** @returns null where the storage has the file. @throws WrongAnswerError */
async function askForUpload(client: HubClient, at: HubLocation, { sha256, size }: LfsFile): Promise<Upload | null> {
  const request = {
    operation: 'upload',
    transfers: ['basic', 'multipart'],
    hash_algo: 'sha_256',
    ref: { name: 'main' },
    objects: [{ oid: sha256, size }],
  };
  const { objects } = await post(client, `/${at.repo}.git/info/lfs/objects/batch`, at.repo, request, LFS);
  const object = Array.isArray(objects) ? objects.find((entry) => isObject(entry) && entry.oid === sha256) : undefined;
  if (!isObject(object)) {
    throw new WrongAnswerError(client.endpoint, 'it does not say where a file goes');
  }
  if (isObject(object.error)) {
    throw new RefusedAnswer(Number(object.error.code) || 400, '', said(object.error.message), true, true);
  }
  const action = isObject(object.actions) ? object.actions.upload : undefined;
  if (!isObject(action)) {
    return null;
  }
  const header = isObject(action.header) ? action.header : {};
  return { href: addressOf(action.href, client), chunk: chunkOf(header, size, client) };
}

function said(message: Json | undefined): string {
  return typeof message === 'string' ? message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200) : '';
}

function chunkOf(header: JsonObject, size: number, client: HubClient): Upload['chunk'] {
  if (header.chunk_size === undefined) {
    return null;
  }
  const chunk = Number(header.chunk_size);
  const numbers = Object.keys(header).filter((key) => /^\d+$/.test(key));
  const count = Math.ceil(size / chunk);
  if (!(Number.isSafeInteger(chunk) && chunk > 0 && count === numbers.length && count <= MAX_UPLOAD_PARTS)) {
    throw new WrongAnswerError(client.endpoint, `it wants ${numbers.length} parts of a file of ${size} bytes`);
  }
  const parts = numbers.sort((a, b) => Number(a) - Number(b)).map((key) => addressOf(header[key], client));
  return { size: chunk, parts };
}

/** An address to send to: never a step down from https to http. @throws WrongAnswerError */
function addressOf(href: Json | undefined, { endpoint }: HubClient): URL {
  const url = typeof href === 'string' && URL.canParse(href, endpoint) ? new URL(href, endpoint) : null;
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && endpoint.startsWith('http:'));
  if (!url || !isWeb || url.username || url.password) {
    throw new WrongAnswerError(endpoint, 'the address that a file goes to is none');
  }
  return url;
}

async function sendWhole({ checked, signal, patience }: HubClient, { href }: Upload, file: LfsSource): Promise<void> {
  const body = file.slice(0, file.size, (sent) => file.onProgress?.(sent));
  await checked.send(href, { method: 'PUT', body, silence: patience }, { isOurs: false, signal });
}

/** One part after the other: a line is filled by one already, and memory stays small. */
async function sendParts(
  { checked, endpoint, signal, patience }: HubClient,
  { href }: Upload,
  { size, parts }: NonNullable<Upload['chunk']>,
  file: LfsSource,
): Promise<void> {
  const done: { partNumber: number; etag: string }[] = [];
  for (const [i, url] of parts.entries()) {
    const from = i * size;
    const body = file.slice(from, Math.min(file.size, from + size), (sent) => file.onProgress?.(from + sent));
    const { headers } = await checked.send(url, { method: 'PUT', body, silence: patience }, { isOurs: false, signal });
    const etag = headers.get('etag');
    if (etag === null) {
      throw new WrongAnswerError(endpoint, 'the storage gives no ETag for a part');
    }
    done.push({ partNumber: i + 1, etag });
  }
  const body = JSON.stringify({ oid: file.sha256, parts: done });
  const headers = { 'content-type': LFS, accept: LFS };
  await checked.send(href, { method: 'POST', body, silence: patience }, { headers, isOurs: false, signal });
}

/** In hex. */
export async function sha256Of(content: Blob): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of content.stream()) {
    hash.update(piece);
  }
  return hash.digest('hex');
}
