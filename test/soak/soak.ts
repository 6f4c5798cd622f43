import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { convert } from '#src/calls/conversions.js';
import type { Job } from '#src/server/api.js';
import { type Started, start } from '../cli/run.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { type StartedRedis, startRedis } from '../server/redis.js';

const LOGIN = 'a token that nobody guesses';
const TYPES = ['Q8_0', 'Q6_K', 'Q5_K_M', 'Q5_0', 'Q4_K_M', 'Q4_0', 'Q3_K_M', 'Q2_K', 'IQ4_NL', 'F16'] as const;

export interface SoakOptions {
  /** An empty folder. */
  readonly folder: string;
  readonly jobs: number;
  readonly users: number;
  readonly workers: number;
  /** Milliseconds between two kills of a worker, at least; a job ends between them. */
  readonly killEvery: number;
  /** How often the server is stopped and started again. */
  readonly restarts: number;
  /** Whether the jobs are in a Redis, which is killed once. */
  readonly redis?: boolean;
}

export interface SoakResult {
  readonly kills: number;
  readonly seconds: number;
  /** What is not as it should be. */
  readonly faults: readonly string[];
}

interface Seen {
  readonly id: number;
  readonly event: string;
  readonly job?: Job;
}

/** Users order jobs of a server whose workers are killed, and follow them to their end. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const scene = new Scene(options);
  try {
    return await scene.run();
  } finally {
    await scene.close();
  }
}

class Scene {
  readonly #data: string;
  readonly #workers: Started[] = [];
  readonly #faults: string[] = [];
  #hub: LoopbackHub | undefined;
  #redis: StartedRedis | undefined;
  #server: Started | undefined;
  #port = 0;
  #kills = 0;
  #ended = 0;
  #isOver = false;

  constructor(readonly options: SoakOptions) {
    this.#data = join(options.folder, 'data');
  }

  async run(): Promise<SoakResult> {
    const { jobs, users, workers, folder } = this.options;
    const models = Array.from({ length: Math.ceil(jobs / TYPES.length) }, (_, i) => `model-${i}`);
    for (const model of models) {
      mkdirSync(join(folder, 'hub/org'), { recursive: true });
      cpSync(join(fixtures, 'Tiny-Verse-2M'), join(folder, 'hub/org', model), { recursive: true });
    }
    this.#hub = await startHub(join(folder, 'hub'));
    await this.#startRedis();
    await this.#serve();
    const began = performance.now();
    for (let i = 0; i < workers; i++) {
      this.#work();
    }
    const disturbing = Promise.all([this.#kill(), this.#restart(), this.#loseRedis()]);
    const orders = Array.from({ length: jobs }, (_, i) => {
      return { source: `org/${models[Math.floor(i / TYPES.length)]}`, quant: [TYPES[i % TYPES.length] ?? 'Q8_0'] };
    });
    await Promise.all(
      Array.from({ length: users }, async (_, user) => {
        const cookie = await this.#logIn();
        const own = orders.filter((__, i) => i % users === user);
        await Promise.all(own.map((order) => this.#follow(order, cookie)));
      }),
    );
    this.#isOver = true;
    const seconds = (performance.now() - began) / 1000;
    await disturbing;
    return { kills: this.#kills, seconds, faults: this.#faults };
  }

  async close(): Promise<void> {
    this.#isOver = true;
    for (const { child, finished } of [...this.#workers, ...(this.#server ? [this.#server] : [])]) {
      child.kill('SIGTERM');
      await finished;
    }
    await this.#hub?.close();
    await this.#redis?.stop();
  }

  get #env() {
    const endpoint = this.#hub?.endpoint;
    return {
      ...{ HF_ENDPOINT: endpoint, HF_HUB_OFFLINE: '0', HF_HOME: this.options.folder, HF2GGUF_SERVE_TOKEN: LOGIN },
      ...(this.#redis && { HF2GGUF_REDIS_URL: this.#redis.url }),
    };
  }

  /** On the same port each time, as users know it. */
  async #serve(): Promise<void> {
    const args = ['serve', '--auth', 'token', '--workers', '0', '--port', String(this.#port), '--data', this.#data];
    const server = start(args, this.#env);
    this.#server = server;
    const address = await new Promise<string>((resolve, reject) => {
      server.child.stdout?.on('data', (piece: Buffer) => resolve(`${piece}`));
      server.finished.then(({ err }) => reject(new Error(err)));
    });
    this.#port = Number(/:(\d+)\//.exec(address)?.[1]);
  }

  #work(): void {
    this.#workers.push(start(['worker', '--data', this.#data], this.#env));
  }

  /** Where a machine is so slow that no worker ends a job before it is killed, that would go on for ever. */
  async #kill(): Promise<void> {
    for (let before = 0; ; before = this.#ended) {
      await sleep(this.options.killEvery);
      while (this.#ended === before && !this.#isOver) {
        await sleep(50);
      }
      if (this.#isOver) {
        return;
      }
      const worker = this.#workers.shift();
      worker?.child.kill('SIGKILL');
      await worker?.finished;
      this.#kills++;
      this.#work();
    }
  }

  async #restart(): Promise<void> {
    for (let i = 0; i < this.options.restarts; i++) {
      await sleep(this.options.killEvery * 1.5);
      if (this.#isOver) {
        return;
      }
      this.#server?.child.kill(i % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      await this.#server?.finished;
      await this.#serve();
    }
  }

  /** The first on any port, the next with what that one wrote. */
  async #startRedis(): Promise<void> {
    if (this.options.redis) {
      const folder = join(this.options.folder, 'redis');
      mkdirSync(folder, { recursive: true });
      const options = ['--appendonly', 'yes'];
      this.#redis = await startRedis({ folder, options, ...(this.#redis && { port: this.#redis.port }) });
    }
  }

  async #loseRedis(): Promise<void> {
    await sleep(this.options.killEvery * 2.2);
    if (!this.#isOver) {
      await this.#redis?.stop('SIGKILL');
      await this.#startRedis();
    }
  }

  /** An answer, or what is made of it; asked for again while the server is away, also where it is stopped within its answer. */
  async #ask<Made = Response>(
    path: string,
    init: RequestInit = {},
    make: (answer: Response) => Promise<Made> | Made = (answer) => answer as Made,
  ): Promise<Made> {
    for (;;) {
      try {
        return await make(await fetch(`http://127.0.0.1:${this.#port}${path}`, init));
      } catch {
        await sleep(50);
      }
    }
  }

  async #logIn(): Promise<string> {
    const { cookie } = await this.#post('/api/session', { token: LOGIN }, '');
    return cookie;
  }

  #post(path: string, body: object, cookie: string) {
    const headers = { 'content-type': 'application/json', cookie };
    return this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) }, async (answer) => {
      const set = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
      return { isTaken: answer.ok, status: answer.status, cookie: set, job: (await answer.json()) as Job };
    });
  }

  async #follow(order: { source: string; quant: string[] }, cookie: string): Promise<void> {
    const what = `${order.source} ${order.quant}`;
    // An order whose answer was lost with the server is there already when it is sent again.
    const { isTaken, status, job } = await this.#post('/api/jobs', order, cookie);
    if (!isTaken) {
      this.#faults.push(`${what}: status ${status}`);
      return;
    }
    const heard = await this.#events(job.id, cookie);
    this.#ended++;
    const ends = heard.filter(({ job: own }) => own?.state === 'done');
    const later = await this.#replay(job.id, cookie);
    const kept = heard.filter(({ event }) => event !== 'progress').map(({ id }) => id);
    if (ends.length !== 1 || heard.at(-1) !== ends[0]) {
      this.#faults.push(`${what}: ${ends.length} ends`);
    }
    if (kept.join() !== later.map(({ id }) => id).join()) {
      this.#faults.push(`${what}: heard ${kept}, and there were ${later.map(({ id }) => id)}`);
    }
    const [file] = ends[0]?.job?.files ?? [];
    const path = `/api/jobs/${job.id}/files/${file?.name}`;
    const got = await this.#ask(path, { headers: { cookie } }, async (sent) => {
      return sha256(new Uint8Array(await sent.arrayBuffer()));
    });
    if (got !== (await this.#expected(order))) {
      this.#faults.push(`${what}: other bytes`);
    }
  }

  /** All events until the job has ended, over as many connections as it takes. */
  async #events(id: string, cookie: string): Promise<Seen[]> {
    const heard: Seen[] = [];
    while (!['done', 'failed', 'cancelled'].includes(heard.at(-1)?.job?.state ?? '')) {
      const last = String(heard.at(-1)?.id ?? 0);
      const response: Response = await this.#ask(`/api/jobs/${id}/events`, {
        headers: { cookie, 'last-event-id': last },
      });
      let text = '';
      const take = () => {
        for (const [, data = '', number] of text.matchAll(/data: (.*)\nid: (\d+)\n\n/g)) {
          heard.push({ ...JSON.parse(data), id: Number(number) });
        }
        text = text.slice(text.lastIndexOf('\n\n') + (text.includes('\n\n') ? 2 : 0));
      };
      try {
        for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          text += piece;
          take();
        }
      } catch {
        // The server was stopped.
      }
    }
    return heard;
  }

  async #replay(id: string, cookie: string): Promise<Seen[]> {
    const text = await this.#ask(`/api/jobs/${id}/events`, { headers: { cookie } }, (answer) => answer.text());
    return [...text.matchAll(/data: (.*)\nid: (\d+)\n\n/g)].map(([, data = '', number]) => {
      return { ...JSON.parse(data), id: Number(number) };
    });
  }

  /** What an undisturbed conversion writes. */
  async #expected({ source, quant }: { source: string; quant: string[] }): Promise<string> {
    const folder = join(this.options.folder, 'expected', source, `${quant}`);
    const { files } = await convert({
      ...{ source: join(this.options.folder, 'hub', source), quant: quant as (typeof TYPES)[number][] },
      ...{ output: `${folder}/`, jobs: 1 },
    });
    return sha256(readFileSync(files[0]?.path ?? ''));
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
