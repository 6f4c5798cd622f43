import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { InterruptedError, ResourceError, UsageError } from '../errors.js';
import { isObject, parseJsonObject } from '../json.js';
import { registerSecret } from '../secrets.js';

/** There is no secret by which the Hub's webhooks could be told from anybody's. */
export class WebhookSecretError extends UsageError {}
/** The port is taken, or not for this user. */
export class WebhookPortError extends ResourceError {}

/** A webhook of the Hub has some kilobytes. */
const MAX_BODY = 2 ** 20;
const MAX_SECONDS = 10;

export interface Webhooks {
  /** Waits for a change of a model of one of these owners. @throws InterruptedError */
  next(owners: readonly string[]): Promise<void>;
}

/**
 * Listens to the Hub's webhooks on the loopback interface, behind whatever proxy takes them from the Hub. The secret comes
 * in `X-Webhook-Secret` and is compared in constant time. Format: the Hub's documentation of webhooks.
 * @throws WebhookSecretError, WebhookPortError
 */
export async function webhooks(port: number, signal: AbortSignal): Promise<Webhooks> {
  const secret = process.env.HF2GGUF_WEBHOOK_SECRET ?? '';
  if (secret === '') {
    throw new WebhookSecretError(
      'HF2GGUF_WEBHOOK_SECRET is not set: anybody could send webhooks.',
      'Set it to the secret that the webhook has on the Hub.',
    );
  }
  registerSecret(secret);
  const owners = new Set<string>();
  let wake: () => void = () => {};
  const server = createServer(
    { requestTimeout: MAX_SECONDS * 1000, maxHeaderSize: 16_384 },
    async (request, response) => {
      const owner = await ownerOf(request, secret).catch(() => 400);
      response.writeHead(typeof owner === 'number' ? owner : 204).end();
      if (typeof owner === 'string') {
        owners.add(owner);
        wake();
      }
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  }).catch((cause: Error) => {
    throw new WebhookPortError(`Port ${port} cannot be listened on: ${cause.message}.`, 'Name another.', { cause });
  });
  signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
    wake();
  });
  return {
    async next(watched) {
      while (!watched.some((owner) => owners.delete(owner))) {
        if (signal.aborted) {
          throw new InterruptedError();
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** The owner of the model that a request is about, or the status of its refusal. */
async function ownerOf(request: IncomingMessage, secret: string): Promise<string | number> {
  const given = request.headers['x-webhook-secret'];
  if (typeof given !== 'string' || !timingSafeEqual(digest(given), digest(secret))) {
    return 401;
  }
  if (request.method !== 'POST') {
    return 405;
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += (piece as Buffer).length;
    if (bytes > MAX_BODY) {
      return 413;
    }
    pieces.push(piece as Buffer);
  }
  const { repo } = parseJsonObject(Buffer.concat(pieces).toString(), 'the webhook');
  const isModel = isObject(repo) && repo.type === 'model' && typeof repo.name === 'string';
  // Changes of data sets and discussions are none of ours, and none of the sender's faults.
  return isModel ? String(repo.name).replace(/\/.*$/s, '') : 202;
}

/** Of equal length, whatever is given. */
const digest = (text: string) => createHash('sha256').update(text).digest();
