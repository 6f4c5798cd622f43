import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures } from '../paths.js';
import { Dice } from './dice.js';
import { spoil } from './repo-faults.js';
import { CONTROLS, type End, MEMORY_MIB, SECONDS, watchedCli } from './watched-cli.js';

const SOURCES = [
  ['Tiny-Verse-2M'],
  ['corpus', 'llama', 'source', 'Tiny-Llama-3-8B-Instruct'],
  ['corpus', 'llama-2', 'source', 'Tiny-Llama-2-7b-chat-hf'],
  ['corpus', 'qwen3', 'source', 'Qwen3-0.6B'],
  ['vocab-spm', 'source'],
  ['vocab-llama-hf', 'source'],
] as const;

const MODES = [['--quant', 'q4_k_m'], ['--dry-run'], ['--vocab-only'], ['--dry-run', '--json']] as const;

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
  const args = [source, '--out', output, '--jobs', '1', ...mode];
  const ended = await watchedCli(args, { env: { HF_HOME: '/nonexistent', HF_HUB_OFFLINE: '1' } });
  const findings = [
    ...judge(ended),
    ...judgeOutput(readdirSync(output), ended.code, mode.includes('--dry-run' as never)),
  ];
  rmSync(folder, { recursive: true, force: true });
  return { what: `${mode.join(' ')}: ${faults}`, findings, end: String(ended.code ?? ended.signal) };
}

function judge({ code, signal, seconds, text, memory }: End): string[] {
  const raw = CONTROLS.exec(text);
  const last = text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  return [
    ...(seconds >= SECONDS ? [`took more than ${SECONDS} s`] : signal !== null ? [`was ended by ${signal}`] : []),
    ...(code === 1 || (code !== null && code > 7) ? [`ended with ${code}: ${JSON.stringify(last)}`] : []),
    ...(memory !== undefined && memory > MEMORY_MIB ? [`took ${memory} MiB`] : []),
    ...(raw ? [`printed ${JSON.stringify(text.slice(Math.max(0, raw.index - 80), raw.index + 40))}`] : []),
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
