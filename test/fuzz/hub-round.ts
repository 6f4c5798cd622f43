/** One conversion over a Hub that misbehaves: by the command line, in a process that is watched. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readRecord, sha256 } from '../calls/records.js';
import { FAULT_TABLE, type Fault, type Place, PlacedFaults } from '../hub/faults.mjs';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { Dice } from './dice.js';
import { CONTROLS, type End, MEMORY_MIB, SECONDS, watchedCli } from './watched-cli.js';

/** A conversion makes some 20 requests. */
const REQUESTS = 20;
const TOKEN = 'hf_aTokenThatNobodyMaySee';
const MODEL = 'Tiny-Verse-2M';
const OUTPUT = `${MODEL}-Q8_0.gguf`;

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
    const end = await convert(hub.endpoint, output, home);
    const met = new Set(hub.seen.flatMap(({ fault }) => fault ?? []));
    const findings = [
      ...wrongEnd(end, places, met),
      ...wrongFiles(end.code, output, home),
      ...saidTooMuch(end.text, hub),
      ...((end.memory ?? 0) > MEMORY_MIB ? [`it took ${end.memory} MiB`] : []),
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

function convert(endpoint: string, output: string, home: string): Promise<End> {
  const args = [`org/${MODEL}`, '--quant', 'q8_0', '--out', `${output}/`, '--max-memory', '4M'];
  const hub = { HF_HOME: home, HF_ENDPOINT: endpoint, HF_TOKEN: TOKEN, HF_HUB_DOWNLOAD_TIMEOUT: '1' };
  return watchedCli(args, { cwd: home, env: { HOME: home, ...hub, HF2GGUF_MAX_WAIT: '4' } });
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
