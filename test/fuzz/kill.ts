/**
 * Runs of commands that write files, ended by a signal at a random moment. Ends with 1 if a run left anything but whole
 * files under their names, or what the next run does not clear.
 *
 *   node out/test/fuzz/kill.js [count] [seed]
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { start } from '../cli/run.js';
import { modelBytes } from '../output/operations.js';
import { syntheticModel } from '../synthetic-model.js';
import { Dice } from './dice.js';

const SIZES = { width: 512, feedForward: 1024, layers: 4 };
const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** How much longer than an undisturbed run the last moments are. */
const BEYOND = 1.1;
const PARTIAL = /\.[0-9a-f]{8}-\d+-\d+-[0-9a-f]{8}\.(partial|journal)$/;
const INTERRUPTED = 130;

/** A command that writes into a folder. */
interface Operation {
  readonly name: string;
  readonly args: (out: string) => string[];
  /** What has to be in the folder first; it may be left as it was. */
  readonly prepare?: (out: string) => void;
}

interface Undisturbed {
  readonly milliseconds: number;
  /** Milliseconds of them from when the first file of its own appears. */
  readonly writing: number;
  /** Hashes of the files by name. */
  readonly files: ReadonlyMap<string, string>;
}

function hash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function filesIn(folder: string): Map<string, string> {
  return new Map(readdirSync(folder).map((name) => [name, hash(join(folder, name))]));
}

function emptied(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
}

/** Makes what the operations read. @throws Error where a run fails that nothing disturbs */
async function operationsIn(folder: string): Promise<Operation[]> {
  const model = syntheticModel(folder, SIZES);
  const [whole, parts] = [join(folder, 'whole.gguf'), join(folder, 'parts')];
  await finish([model, '--outtype', 'f32', '--out', whole]);
  mkdirSync(parts);
  await finish(['split', whole, join(parts, 'part'), '--split-max-tensors', '10']);
  const first = readdirSync(parts).sort()[0] ?? '';
  return [
    { name: 'convert', args: (out) => [model, '--outtype', 'f32', '--out', join(out, 'model.gguf')] },
    { name: 'convert to two types', args: (out) => [model, '--quant', 'Q4_K_M,Q8_0', '--out', out] },
    { name: 'quantize', args: (out) => ['quantize', whole, '--quant', 'Q5_K_M', '--out', join(out, 'model.gguf')] },
    { name: 'split', args: (out) => ['split', whole, join(out, 'part'), '--split-max-tensors', '10', '--force'] },
    { name: 'merge', args: (out) => ['merge', join(parts, first), join(out, 'model.gguf'), '--force'] },
    {
      name: 'edit',
      prepare: (out) => cpSync(whole, join(out, 'model.gguf')),
      args: (out) => ['edit', join(out, 'model.gguf'), '--set', `general.description=${'long '.repeat(100)}`],
    },
  ];
}

async function finish(args: readonly string[]): Promise<void> {
  const { code, err } = await start(args).finished;
  if (code !== 0) {
    throw new Error(`${args.join(' ')} ended with ${code}: ${err}`);
  }
}

/** Waits until a file on its way is in a folder, or for the end of the run. */
async function untilWriting(out: string, end: Promise<unknown>): Promise<void> {
  let isOver = false;
  end.finally(() => {
    isOver = true;
  });
  while (!isOver && !readdirSync(out).some((name) => PARTIAL.test(name))) {
    await setTimeout(1);
  }
}

async function undisturbed({ args, prepare }: Operation, out: string): Promise<Undisturbed> {
  emptied(out);
  prepare?.(out);
  const began = performance.now();
  const done = finish(args(out));
  await untilWriting(out, done);
  const appeared = performance.now();
  await done;
  const end = performance.now();
  return { milliseconds: end - began, writing: end - appeared, files: filesIn(out) };
}

/** Ends one run by a signal. @returns what it was, and what is wrong */
async function attempt(operation: Operation, known: Undisturbed, out: string, dice: Dice) {
  const signal = dice.pick(SIGNALS);
  // Most of a short run's time is the start of Node, in which nothing is written.
  const isWriting = dice.chance(0.6);
  const wait = (dice.below(1000) / 1000) * BEYOND * (isWriting ? known.writing : known.milliseconds);
  emptied(out);
  operation.prepare?.(out);
  if (!operation.prepare && dice.chance(0.5)) {
    for (const name of known.files.keys()) {
      writeFileSync(join(out, name), modelBytes('former'));
    }
  }
  const former = filesIn(out);
  const { child, finished } = start(operation.args(out));
  if (isWriting) {
    await untilWriting(out, finished);
  }
  await Promise.race([setTimeout(wait), finished]);
  child.kill(signal);
  const { code, err } = await finished;
  const end = child.signalCode ?? code;

  const faults: string[] = [];
  // A signal that comes before the program listens to it ends the process as usual.
  if (end !== 0 && end !== signal && (end !== INTERRUPTED || signal === 'SIGKILL')) {
    faults.push(`ended with ${end}: ${err}`);
  }
  const found = filesIn(out);
  const partials = [...found.keys()].filter((name) => PARTIAL.test(name));
  if (partials.length > 0 && end !== 'SIGKILL') {
    faults.push(`left ${partials.join(', ')}`);
  }
  for (const [name, bytes] of found) {
    if (!partials.includes(name) && bytes !== known.files.get(name) && bytes !== former.get(name)) {
      faults.push(`${name} is neither the former file nor the whole one`);
    }
  }
  for (const name of former.keys()) {
    if (!found.has(name)) {
      faults.push(`the former ${name} is gone`);
    }
  }
  if (end === 0 && [...known.files].some(([name, bytes]) => found.get(name) !== bytes)) {
    faults.push('ended with 0, but not all files are whole');
  }
  if (partials.length > 0) {
    faults.push(...(await next(operation, known, out)));
  }
  return {
    text: `${operation.name}, ${signal} after ${wait.toFixed(0)} ms${isWriting ? ' of writing' : ''}, ended with ${end}`,
    partials,
    faults,
  };
}

/** What is wrong after the next run, which nothing disturbs. */
async function next({ args }: Operation, { files }: Undisturbed, out: string): Promise<string[]> {
  await finish(args(out));
  const found = filesIn(out);
  const wrong = [...found.keys(), ...files.keys()].filter((name) => found.get(name) !== files.get(name));
  return [...new Set(wrong)].map((name) => `after the next run, ${name} is not as it should be`);
}

const [count = '200', seed = String(Date.now() >>> 0)] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-kill-'));
try {
  console.log(`seed ${seed}`);
  const out = join(folder, 'out');
  const operations = await operationsIn(folder);
  const known = new Map<Operation, Undisturbed>();
  let [findings, cleared] = [0, 0];
  for (let i = 0; i < Number(count); i++) {
    const operation = operations[i % operations.length] as Operation;
    const expected = known.get(operation) ?? (await undisturbed(operation, out));
    known.set(operation, expected);
    const { text, partials, faults } = await attempt(operation, expected, out, new Dice(Number(seed), i));
    cleared += partials.length;
    findings += faults.length;
    for (const fault of faults) {
      console.log(`${i}: ${text}: ${fault}`);
    }
  }
  console.log(`${count} kills: ${findings} findings; ${cleared} files were left by SIGKILL and cleared`);
  process.exitCode = findings === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
