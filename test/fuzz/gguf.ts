/**
 * Corrupted GGUF files, opened as inspect, quantize and the runner do, some of them by check and run with their chat
 * template, and corrupted importance matrices, in processes that are watched: any error but the project's own, a process
 * that dies, takes too long or too much memory, is printed with the mutation's number.
 * Half of the mutations change fields of the format, half any bytes. Ends with 1 if anything was found.
 *
 *   node out/test/fuzz/gguf.js [--count 100000] [--seed N] [--only MUTATION]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attempt, mutate, prepare } from './gguf-attempt.js';
import { convertModels } from './gguf-models.js';

/** Seconds that a mutation, or a start, may take on a busy machine. */
const SECONDS = 30;
/** MiB by which a mutation may raise the most that its process ever had. */
const MEMORY = 256;
const HEAP = '--max-old-space-size=512';

interface Job {
  readonly models: readonly string[];
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** The mutation at hand is written here before it runs. */
  readonly folder: string;
}

/** What was done with mutations without an error: uses → times. */
type Tally = Readonly<Record<string, number>>;

interface Report {
  readonly tally: Tally;
  readonly findings: readonly string[];
}

/** In a child: the job's mutations one after the other. Findings are told at once, lest they go with the process. */
async function work({ models, seed, from, to, folder }: Job, tell: (finding: string) => void): Promise<Tally> {
  const originals = await prepare(folder, models);
  const progress = openSync(join(folder, 'progress'), 'w');
  const tallies: Tally[] = [];
  for (let mutation = from; mutation < to; mutation++) {
    writeSync(progress, String(mutation).padStart(16), 0);
    const before = process.resourceUsage().maxRSS;
    const outcome = await attempt(mutate(originals, seed, mutation), join(folder, 'mutation.gguf'));
    const taken = (process.resourceUsage().maxRSS - before) / 1024;
    tallies.push(Object.fromEntries(outcome.done.map((use) => [use, 1])));
    for (const { use, error } of outcome.findings) tell(`${mutation}: ${use}: ${describe(error)}`);
    if (mutation > from && taken > MEMORY) tell(`${mutation}: took ${Math.round(taken)} MiB`);
  }
  closeSync(progress);
  return total(tallies);
}

function total(tallies: readonly Tally[]): Tally {
  const sums: Record<string, number> = {};
  for (const [use, times] of tallies.flatMap((tally) => Object.entries(tally))) {
    sums[use] = (sums[use] ?? 0) + times;
  }
  return sums;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs a job in processes: after one that dies, another goes on behind the mutation that it died of. */
async function watch(job: Job): Promise<Report[]> {
  mkdirSync(job.folder, { recursive: true });
  const reports: Report[] = [];
  for (let from = job.from; from < job.to; ) {
    const findings: string[] = [];
    const outcome = await inProcess({ ...job, from }, findings);
    if (typeof outcome !== 'string') {
      return [...reports, { tally: outcome, findings }];
    }
    const mutation = readProgress(job.folder);
    reports.push({ tally: {}, findings: [...findings, `${mutation ?? `from ${from}`}: ${outcome}`] });
    if (mutation === undefined) {
      return reports;
    }
    from = mutation + 1;
  }
  return reports;
}

function readProgress(folder: string): number | undefined {
  try {
    const mutation = Number.parseInt(readFileSync(join(folder, 'progress'), 'utf8'), 10);
    return Number.isNaN(mutation) ? undefined : mutation;
  } catch {
    return undefined;
  }
}

/** The tally, or how the process ended without one. */
async function inProcess(job: Job, findings: string[]): Promise<Tally | string> {
  rmSync(join(job.folder, 'progress'), { force: true });
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), [], {
    execArgv: [...process.execArgv, HEAP],
    env: { ...process.env, HF2GGUF_FUZZ_JOB: JSON.stringify(job) },
  });
  let tally: Tally | undefined;
  let late = false;
  // Looks are counted, not seconds of the clock, which goes on while a machine sleeps.
  let [mutation, looks] = [readProgress(job.folder), 0];
  const timer = setInterval(() => {
    const now = readProgress(job.folder);
    looks = now === mutation ? looks + 1 : 0;
    mutation = now;
    if (looks > SECONDS) {
      late = true;
      child.kill('SIGKILL');
    }
  }, 1000);
  child.on('message', (message) => {
    if (typeof message === 'string') {
      findings.push(message);
    } else {
      tally = message as Tally;
    }
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...end) => resolve(end));
  });
  clearInterval(timer);
  return tally ?? (late ? `took more than ${SECONDS} seconds` : `ended the process (${signal ?? code})`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() >>> 0) },
      only: { type: 'string' },
    },
  });
  const [count, seed] = [Number(values.count), Number(values.seed)];
  const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-fuzz-'));
  try {
    const models = await convertModels(folder);
    const jobs = values.only === undefined ? shares(count) : [[Number(values.only), Number(values.only) + 1] as const];
    console.log(`seed ${seed}, ${models.length} models, ${jobs.length} processes`);
    const all = await Promise.all(
      jobs.map(([from, to], index) => watch({ models, seed, from, to, folder: join(folder, String(index)) })),
    );
    const reports = all.flat();
    const tally = Object.entries(total(reports.map(({ tally }) => tally)));
    const findings = reports.flatMap((report) => report.findings);
    console.log(findings.slice(0, 50).join('\n'));
    console.log(tally.map(([use, times]) => `${use} ${times}`).join(', '));
    console.log(`${count} mutations: ${findings.length} findings`);
    process.exitCode = findings.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As even parts of the mutations as there are cores. */
function shares(count: number): (readonly [from: number, to: number])[] {
  const parts = availableParallelism();
  const start = (part: number) => Math.floor((count * part) / parts);
  return Array.from({ length: parts }, (_, part) => [start(part), start(part + 1)] as const);
}

const job = process.env.HF2GGUF_FUZZ_JOB;
if (job === undefined) {
  await main();
} else {
  process.send?.(await work(JSON.parse(job) as Job, (finding) => process.send?.(finding)));
  process.disconnect();
}
