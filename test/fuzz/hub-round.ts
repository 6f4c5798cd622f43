/** One conversion over a Hub that misbehaves: by the command line, in a process that is watched. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readRecord, sha256 } from '../calls/records.js';
import { FAULT_TABLE, type Fault, type Place, PlacedFaults } from '../hub/faults.mjs';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { cli, fixtures } from '../paths.js';
import { Dice } from './dice.js';

/** Seconds that a conversion may take on a busy machine. */
const SECONDS = 60;
const MEMORY_MIB = 600;
/** A conversion makes some 20 requests. */
const REQUESTS = 20;
const TOKEN = 'hf_aTokenThatNobodyMaySee';
const MODEL = 'Tiny-Verse-2M';
const OUTPUT = `${MODEL}-Q8_0.gguf`;
/** Control characters (C0 and C1) and those that turn the direction of text, but no tabs and line ends. */
const CONTROLS = /[^\P{Cc}\t\n\r]|\p{Bidi_Control}/u;
/**
 * Has a process leave the most memory that it had, in KiB: VmHWM of proc(5). What `resourceUsage` says begins with what the
 * process that started it had.
 */
const MEMORY_HOOK = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync, writeFileSync } from 'node:fs';
   const peak = () => /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
   process.on('exit', () => writeFileSync(process.env.MEMORY_FILE, peak()));`,
)}`;

export interface Outcome {
  readonly places: readonly Place[];
  /** Faults that came about. */
  readonly met: ReadonlySet<Fault>;
  readonly code: number | null;
  readonly findings: readonly string[];
}

/** @param folder is made, and deleted at the end. */
export async function hubRound(seed: number, round: number, folder: string): Promise<Outcome> {
  const places = dealPlaces(new Dice(seed, round));
  const [output, home] = [join(folder, 'output'), join(folder, 'home')];
  for (const path of [output, home]) {
    mkdirSync(path, { recursive: true });
  }
  const hub = await startHub(folder, { retryAfter: 0, pageSize: 5, tokens: { [TOKEN]: { user: 'me' } } });
  try {
    hub.repos.setBranch(`org/${MODEL}`, 'main', join(fixtures, MODEL));
    hub.placed = new PlacedFaults(places);
    const end = await convert(hub.endpoint, output, home, join(folder, 'memory'));
    const met = new Set(hub.seen.flatMap(({ fault }) => fault ?? []));
    const findings = [
      ...wrongEnd(end, places, met),
      ...wrongFiles(end.code, output, home),
      ...saidTooMuch(end.text, hub),
      ...(end.memory > MEMORY_MIB ? [`it took ${end.memory} MiB`] : []),
    ];
    return { places, met, code: end.code, findings };
  } finally {
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function describePlaces(places: readonly Place[]): string {
  return places.map(({ fault, from, lasting }) => `${fault} ${lasting ? 'from' : 'at'} ${from}`).join(', ');
}

function dealPlaces(dice: Dice): Place[] {
  const faults = Object.keys(FAULT_TABLE) as Fault[];
  const chosen = new Set(Array.from({ length: 1 + dice.below(3) }, () => dice.pick(faults)));
  return [...chosen].map((fault) => ({ fault, from: dice.below(REQUESTS), lasting: dice.chance(0.25) }));
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly text: string;
  /** MiB. */
  readonly memory: number;
}

function convert(endpoint: string, output: string, home: string, memoryFile: string): Promise<End> {
  const options = ['--quant', 'q8_0', '--out', `${output}/`, '--max-memory', '4M'];
  const child = spawn(process.execPath, ['--import', MEMORY_HOOK, cli, `org/${MODEL}`, ...options], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      HF_HOME: home,
      HF_ENDPOINT: endpoint,
      HF_TOKEN: TOKEN,
      HF_HUB_DOWNLOAD_TIMEOUT: '1',
      HF2GGUF_MAX_WAIT: '4',
      MEMORY_FILE: memoryFile,
    },
  });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
  const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS * 1000);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const memory = existsSync(memoryFile) ? Math.round(Number(readFileSync(memoryFile, 'utf8')) / 1024) : 0;
      resolve({ code, signal, text: Buffer.concat(pieces).toString(), memory });
    });
  });
}

function wrongEnd({ code, signal, text }: End, places: readonly Place[], met: ReadonlySet<Fault>): string[] {
  if (code === null) {
    return [`it was ended by ${signal}, after ${SECONDS} s where that is SIGKILL: ${text}`];
  }
  const expected = places
    .filter(({ fault }) => met.has(fault))
    .flatMap(({ fault, lasting }) => FAULT_TABLE[fault][lasting ? 'lasting' : 'once']);
  // A fault that ends a conversion may come too late to matter, where the machine is slow: success has the exact bytes.
  return code === 0 || expected.includes(code) ? [] : [`it ended with ${code}: ${text}`];
}

function wrongFiles(code: number | null, output: string, home: string): string[] {
  const files = readdirSync(output);
  const left = [...files.filter((name) => code !== 0 || name !== OUTPUT), ...readdirSync(home)];
  const wrong = files.includes(OUTPUT) && sha256(join(output, OUTPUT)) !== expectedHash();
  return [
    ...(code === 0 && !files.includes(OUTPUT) ? ['it wrote nothing'] : []),
    ...(wrong ? ['it wrote other bytes'] : []),
    ...(left.length > 0 ? [`it left ${left.join(', ')}`] : []),
  ];
}

/** What llama.cpp wrote. */
function expectedHash(): string {
  return readRecord(join(fixtures, `${MODEL}.expected`, 'quantize-Q8_0.json')).sha256;
}

function saidTooMuch(text: string, { seen }: LoopbackHub): string[] {
  const control = CONTROLS.exec(text)?.[0].codePointAt(0);
  const misled = seen.find(({ host, authorization }) => host !== 'hub' && authorization !== null);
  return [
    ...(control === undefined ? [] : [`it printed the character U+${control.toString(16).padStart(4, '0')}`]),
    ...(text.includes(TOKEN) ? ['it printed the token'] : []),
    ...(misled ? [`it sent the token to ${misled.host}`] : []),
  ];
}
