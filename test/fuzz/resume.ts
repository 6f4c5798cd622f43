/**
 * Runs that are killed with SIGKILL at random moments and started again until they are done. Ends with 1 if a result is not
 * that of an undisturbed run, if something is left, or if more than 1.5 times the source is read on average.
 *
 *   node out/test/fuzz/resume.js [count] [seed]
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { start } from '../cli/run.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { syntheticModel } from '../synthetic-model.js';
import { Dice } from './dice.js';

const SIZES = { width: 1024, feedForward: 2048, layers: 6 };
/** Kills of one run at most; a run that got no further each time would go on for ever. */
const MOST_KILLS = 4;
const MOST_READ = 1.5;
const TOKEN = 'hf_WriteTokenOfTheTests0123456789abcd';
const TO = 'me/model-GGUF';

interface Operation {
  readonly name: string;
  readonly args: readonly string[];
  /** Whether the result is what the Hub has. */
  readonly isPublished?: true;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'a folder', args: ['folder', '--outtype', 'f32'] },
  { name: 'the Hub', args: ['org/model', '--quant', 'q8_0'] },
  { name: 'two types', args: ['folder', '--quant', 'q4_k_m,q5_0'] },
  { name: 'parts', args: ['org/model', '--quant', 'q6_k', '--split-max-size', '10M'] },
  { name: 'publish', args: ['publish', 'org/model', '--to', TO, '--quant', 'q4_0,q8_0'], isPublished: true },
];

interface Undisturbed {
  readonly milliseconds: number;
  readonly files: ReadonlyMap<string, string>;
}

const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

class Scene {
  hub: LoopbackHub | undefined;

  constructor(readonly folder: string) {}

  get out(): string {
    return join(this.folder, 'out');
  }

  /** Everything as before the first run. */
  async clear(): Promise<void> {
    await this.hub?.close();
    rmSync(this.out, { recursive: true, force: true });
    mkdirSync(this.out);
    this.hub = await startHub(join(this.folder, 'hub'), { tokens: { [TOKEN]: { user: 'me' } } });
  }

  start({ args }: Operation) {
    const named = args.map((word) => (word === 'folder' ? join(this.folder, 'hub/org/model') : word));
    const env = { HF_HUB_OFFLINE: '0', HF_ENDPOINT: this.hub?.endpoint, HF_TOKEN: TOKEN };
    return start([...named, '--json'], env, this.out);
  }

  async files({ isPublished }: Operation): Promise<Map<string, string>> {
    if (isPublished) {
      const commit = (await this.hub?.repos.exists(TO)) ? await this.hub?.repos.commit(TO, 'main') : null;
      const ggufs = commit?.files.filter(({ path }) => path.endsWith('.gguf')) ?? [];
      return new Map(ggufs.map(({ path, file }) => [path, hash(file)]));
    }
    return new Map(readdirSync(this.out).map((name) => [name, hash(join(this.out, name))]));
  }
}

/** How much of the source a run has read, in shares of its conversion, by its events. The last line may be torn. */
function readBy(out: string): number {
  let [phase, begun, reached] = ['', 0, 0];
  for (const line of out.split('\n').slice(0, -1)) {
    const event = JSON.parse(line);
    if (event.event === 'phase') {
      phase = event.phase;
    } else if (event.event === 'continue') {
      begun = event.share;
    } else if (event.event === 'progress' && phase === 'fill') {
      reached = event.done / event.total;
    }
  }
  return Math.max(0, reached - begun);
}

async function undisturbed(scene: Scene, operation: Operation): Promise<Undisturbed> {
  await scene.clear();
  const began = performance.now();
  const { code, out, err } = await scene.start(operation).finished;
  if (code !== 0) {
    throw new Error(`${operation.name} ended with ${code}: ${out} ${err}`);
  }
  return { milliseconds: performance.now() - began, files: await scene.files(operation) };
}

interface Attempt {
  readonly kills: number;
  readonly read: number;
  readonly faults: readonly string[];
}

async function attempt(scene: Scene, operation: Operation, known: Undisturbed, dice: Dice): Promise<Attempt> {
  await scene.clear();
  let [kills, read] = [0, 0];
  for (;;) {
    const { child, finished } = scene.start(operation);
    if (kills < MOST_KILLS) {
      const wait = (dice.below(1000) / 1000) * known.milliseconds * 1.1;
      await Promise.race([setTimeout(wait), finished]);
      child.kill('SIGKILL');
    }
    const { code, out, err } = await finished;
    read += readBy(out);
    if (code === 0) {
      break;
    }
    if (child.signalCode !== 'SIGKILL') {
      return { kills, read, faults: [`ended with ${code}: ${err}`] };
    }
    kills++;
  }
  const found = await scene.files(operation);
  const names = new Set([...found.keys(), ...known.files.keys()]);
  const faults = [...names].filter((name) => found.get(name) !== known.files.get(name));
  const left = operation.isPublished ? readdirSync(scene.out) : [];
  return { kills, read, faults: [...faults, ...left].map((name) => `${name} is not as it should be`) };
}

const [count = '100', seed = String(Date.now() >>> 0)] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-resume-'));
const scene = new Scene(folder);
try {
  console.log(`seed ${seed}`);
  cpSync(syntheticModel(folder, SIZES), join(folder, 'hub/org/model'), { recursive: true });
  const known = new Map<Operation, Undisturbed>();
  let [findings, kills, read] = [0, 0, 0];
  for (let i = 0; i < Number(count); i++) {
    const operation = OPERATIONS[i % OPERATIONS.length] as Operation;
    const expected = known.get(operation) ?? (await undisturbed(scene, operation));
    known.set(operation, expected);
    const result = await attempt(scene, operation, expected, new Dice(Number(seed), i));
    kills += result.kills;
    read += result.read;
    findings += result.faults.length;
    for (const fault of result.faults) {
      console.log(`${i}: ${operation.name}, killed ${result.kills} times: ${fault}`);
    }
  }
  const ratio = read / Number(count);
  console.log(
    `${count} runs, killed ${kills} times: ${findings} findings; ${ratio.toFixed(2)} times the source was read on average`,
  );
  process.exitCode = findings === 0 && ratio <= MOST_READ ? 0 : 1;
} finally {
  await scene.hub?.close();
  if (existsSync(folder)) {
    rmSync(folder, { recursive: true });
  }
}
