import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cli, fixtures } from '../paths.js';
import { Dice } from './dice.js';
import { spoil } from './repo-faults.js';

/** Seconds that a run may take. */
const SECONDS = 60;
/** MiB that a run may take at its peak. */
const MEMORY = 600;
/** Bytes of what a run prints that are looked at. */
const SHOWN = 2 ** 22;

const SOURCES = [
  ['Tiny-Verse-2M'],
  ['corpus', 'llama', 'source', 'Tiny-Llama-3-8B-Instruct'],
  ['corpus', 'llama-2', 'source', 'Tiny-Llama-2-7b-chat-hf'],
  ['corpus', 'qwen3', 'source', 'Qwen3-0.6B'],
  ['vocab-spm', 'source'],
  ['vocab-llama-hf', 'source'],
] as const;

const MODES = [['--quant', 'q4_k_m'], ['--dry-run'], ['--vocab-only'], ['--dry-run', '--json']] as const;

/** Writes the most memory that the process had, in KiB, to file descriptor 3 as it ends. */
const PEAK = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync, writeSync } from 'node:fs';
   process.on('exit', () => writeSync(3, /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] + '\\n'));`,
)}`;

/** Characters that drive a terminal or reorder text. */
const RAW = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

export interface Attempt {
  /** What was done, for whoever repeats it. */
  readonly what: string;
  readonly findings: readonly string[];
  /** The exit code, or the signal. */
  readonly end: string;
}

/** Number `run` of the seed: spoils a copy of a small repository in `folder`, and converts it by the command line. */
export async function attemptRepo(folder: string, seed: number, run: number): Promise<Attempt> {
  const dice = new Dice(seed, run);
  const [source, output] = [join(folder, 'model'), join(folder, 'out')];
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(fixtures, ...dice.pick(SOURCES)), source, { recursive: true });
  mkdirSync(output);
  const faults = spoil(source, dice);
  const mode = dice.pick(MODES);
  const ended = await convert([source, '--out', output, '--jobs', '1', ...mode]);
  const findings = [
    ...judge(ended),
    ...judgeOutput(readdirSync(output), ended.code, mode.includes('--dry-run' as never)),
  ];
  rmSync(folder, { recursive: true, force: true });
  return { what: `${mode.join(' ')}: ${faults}`, findings, end: String(ended.code ?? ended.signal) };
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
  readonly printed: string;
  /** MiB; undefined for a process that was killed. */
  readonly peak: number | undefined;
}

async function convert(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', PEAK, cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HF_HOME: '/nonexistent', HF_HUB_OFFLINE: '1' },
  });
  const start = performance.now();
  const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS * 1000);
  const [printed, peak] = [{ text: '' }, { text: '' }];
  for (const [at, to] of [
    [1, printed],
    [2, printed],
    [3, peak],
  ] as const) {
    child.stdio[at]?.on('data', (piece: Buffer) => {
      to.text = (to.text + piece.toString()).slice(0, SHOWN);
    });
  }
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...end) => resolve(end));
  });
  clearTimeout(timer);
  const peaks = peak.text.split('\n').map(Number);
  return {
    code,
    signal,
    seconds: (performance.now() - start) / 1000,
    printed: printed.text,
    peak: peak.text === '' ? undefined : Math.max(...peaks) / 1024,
  };
}

function judge({ code, signal, seconds, printed, peak }: Ended): string[] {
  const raw = RAW.exec(printed);
  const last = printed.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  return [
    ...(seconds >= SECONDS ? [`took more than ${SECONDS} s`] : signal !== null ? [`was ended by ${signal}`] : []),
    ...(code === 1 || (code !== null && code > 7) ? [`ended with ${code}: ${JSON.stringify(last)}`] : []),
    ...(peak !== undefined && peak > MEMORY ? [`took ${Math.round(peak)} MiB`] : []),
    ...(raw ? [`printed ${JSON.stringify(printed.slice(Math.max(0, raw.index - 80), raw.index + 40))}`] : []),
  ];
}

/** After a failure nothing may stand in the folder, after success nothing but files under their names. */
function judgeOutput(names: readonly string[], code: number | null, isDryRun: boolean): string[] {
  const left = code === 0 && !isDryRun ? names.filter((name) => !name.endsWith('.gguf')) : names;
  const missing = code === 0 && !isDryRun && names.length === 0;
  return [
    ...(left.length > 0 ? [`left ${JSON.stringify(left)} (exit code ${code})`] : []),
    ...(missing ? ['wrote nothing'] : []),
  ];
}
