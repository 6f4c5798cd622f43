import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type OpenOptions, openRepo } from '#src/repo/open.js';
import type { NetworkPolicy } from '#src/repo/retry.js';
import { type HubOptions, type LoopbackHub, startHub } from '../hub/server.mjs';
import { tempFolder } from '../temp.js';

export { tempFolder } from '../temp.js';

/** Bytes that no two places share: a mistaken offset shows. */
export function testBytes(length: number, seed = 1): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${seed}:${i}`).digest(),
  );
  return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
}

export function writeFiles(root: string, files: Record<string, string | Uint8Array>): void {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
}

const closers: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) {
    await close();
  }
});

export interface Scene {
  readonly hub: LoopbackHub;
  /** The folder of repositories. */
  readonly root: string;
  /** HF_HOME: nothing of the machine's own is looked at. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** The pauses that were made, in milliseconds. */
  readonly pauses: number[];
  open(source: string, options?: OpenOptions): ReturnType<typeof openRepo>;
}

/** A Hub that serves these repositories, and how to open one of them without waiting between tries. */
export async function scene(
  repos: Record<string, Record<string, string | Uint8Array>>,
  options: HubOptions = {},
): Promise<Scene> {
  const root = tempFolder();
  const home = tempFolder();
  for (const [repo, files] of Object.entries(repos)) {
    writeFiles(join(root, repo), files);
  }
  const hub = await startHub(root, options);
  closers.push(() => hub.close());
  const env = { HOME: home, HF_HOME: home, HF_ENDPOINT: hub.endpoint };
  const pauses: number[] = [];
  const policy: Partial<NetworkPolicy> = {
    silence: 1500,
    pause: async (ms) => {
      pauses.push(ms);
    },
  };
  return {
    hub,
    root,
    home,
    env,
    pauses,
    open: (source, given) => openRepo(source, { env, policy, ...given }),
  };
}

/** The error that a promise ends in. */
export async function failure(promise: Promise<unknown>): Promise<Error & { exitCode?: number }> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) {
    all.push(piece);
  }
  return new Uint8Array(Buffer.concat(all));
}

/** Equal, without a listing of millions of bytes when they aren't. */
export function expectBytes(found: Uint8Array, expected: Uint8Array): void {
  expect(found.length).toBe(expected.length);
  expect(Buffer.compare(found, expected)).toBe(0);
}
