import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SERVER = 'redis-server';

/** Why there is no Redis here. */
export const redisMissing = spawnSync(SERVER, ['--version']).error ? `there is no ${SERVER}` : undefined;

export interface StartedRedis {
  readonly url: string;
  readonly port: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A Redis on the loopback; the same folder and port once more have what the last one kept there. */
export async function startRedis({
  folder = '',
  port = 0,
  options = [] as readonly string[],
} = {}): Promise<StartedRedis> {
  const own = folder || mkdtempSync(join(tmpdir(), 'hf2gguf-redis-'));
  const chosen = port || (await freePort());
  const args = ['--bind', '127.0.0.1', '--port', `${chosen}`, '--dir', own, '--save', '', ...options];
  const child = spawn(SERVER, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${SERVER} ended with ${code}.`)));
    child.stdout.on('data', (piece: Buffer) => `${piece}`.includes('Ready to accept connections') && resolve());
  });
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    async stop(signal = 'SIGTERM') {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      if (folder === '') {
        rmSync(own, { recursive: true, force: true });
      }
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
