import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../calls/records.js';
import { start } from '../cli/run.js';
import { Dice } from '../fuzz/dice.js';
import { ggufBytes, type Parts, text, u32 } from '../gguf/byte-file.js';

/** Two commands that write the same files, but not the same bytes. */
interface Pair {
  readonly name: string;
  /** What they write. */
  readonly files: readonly string[];
  /** @param model the side's own, a copy of which is at the output where one is there before. */
  args(model: string, output: string, side: number): string[];
  /** Whether a model is there before, which is edited. */
  readonly isThere?: true;
}

const PAIRS: readonly Pair[] = [
  {
    name: 'edit --out',
    files: ['out.gguf'],
    args: (model, output, side) => [
      'edit',
      model,
      '--set',
      `general.name=${'x'.repeat(side + 1)}`,
      '--out',
      `${output}/out.gguf`,
    ],
  },
  {
    name: 'quantize',
    files: ['out.gguf'],
    args: (model, output, side) => ['quantize', model, `${output}/out.gguf`, ['q8_0', 'q4_0'][side] ?? ''],
  },
  {
    name: 'split',
    files: ['out-00001-of-00002.gguf', 'out-00002-of-00002.gguf'],
    args: (model, output) => ['split', model, `${output}/out`, '--split-max-tensors', '8'],
  },
  {
    name: 'merge --force',
    files: ['out.gguf'],
    args: (model, output) => ['merge', model.replace('.gguf', '-00001-of-00002.gguf'), `${output}/out.gguf`, '--force'],
  },
  {
    name: 'edit in place',
    files: ['out.gguf'],
    args: (_, output, side) => ['edit', `${output}/out.gguf`, '--set', `general.name=${'y'.repeat(side + 5)}`],
    isThere: true,
  },
  {
    name: 'edit a number in place',
    files: ['out.gguf'],
    args: (_, output, side) => ['edit', `${output}/out.gguf`, '--set', `gpt2.block_count=${side + 5}`],
    isThere: true,
  },
];

/** A model of sixteen tensors, 4 MiB. */
function modelBytes(seed: number, split?: { readonly number: number; readonly count: number }): Buffer {
  const perPart = split ? 16 / split.count : 16;
  const first = (split?.number ?? 0) * perPart;
  const size = 256 * 256 * 4;
  const tensors = Array.from({ length: perPart }, (_, i) => ({
    ...{ name: `blk.${first + i}.ffn_up.weight`, ne: [256, 256], type: 0, offset: i * size },
  }));
  const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
  const kv: Parts['kv'] = [
    ['general.architecture', 8, text('gpt2')],
    ['general.name', 8, text(`model ${seed}`)],
    ['gpt2.block_count', 4, u32(16)],
    ...(split
      ? ([
          ['split.no', 2, u16(split.number)],
          ['split.count', 2, u16(split.count)],
          ['split.tensors.count', 5, u32(16)],
        ] as const)
      : []),
  ];
  const bytes = ggufBytes({ kv, tensors, dataBytes: perPart * size });
  for (let at = bytes.length - perPart * size; at < bytes.length; at += 4) {
    bytes.writeFloatLE(((at * (seed + 3)) % 1021) / 1021 - 0.5, at);
  }
  return bytes;
}

export interface PairReport {
  readonly name: string;
  /** Moments at which the files were looked at, and at which something stood there. */
  readonly looks: number;
  readonly seen: number;
  readonly codes: readonly (number | null)[];
  /** What was not as it has to be. */
  readonly faults: readonly string[];
}

/** Runs pairs of processes, one pair after the other, and watches the files that they write. */
export async function runPairs(folder: string, count: number, seed: number): Promise<PairReport[]> {
  for (const side of [0, 1]) {
    writeFileSync(join(folder, `m${side}.gguf`), modelBytes(side));
    for (const number of [0, 1]) {
      const part = modelBytes(side, { number, count: 2 });
      writeFileSync(join(folder, `m${side}-0000${number + 1}-of-00002.gguf`), part);
    }
  }
  const whole = new Map<Pair, Set<string>>();
  const reports: PairReport[] = [];
  for (let i = 0; i < count; i++) {
    const pair = PAIRS[i % PAIRS.length] as Pair;
    whole.set(pair, whole.get(pair) ?? (await wholeFiles(pair, folder)));
    reports.push(await runPair(pair, whole.get(pair) ?? new Set(), join(folder, `pair-${i}`), new Dice(seed, i)));
  }
  return reports;
}

const modelOf = (folder: string, side: number) => join(folder, `m${side}.gguf`);

/** Hashes of the files that either command writes, and of what was there. */
async function wholeFiles(pair: Pair, folder: string): Promise<Set<string>> {
  const hashes = new Set<string>();
  for (const sides of pair.isThere ? [[0], [1], [0, 1], [1, 0]] : [[0], [1]]) {
    const output = join(folder, `alone-${PAIRS.indexOf(pair)}-${sides.join('')}`);
    prepare(pair, output, folder, hashes);
    for (const side of sides) {
      await start(pair.args(modelOf(folder, side), output, side)).finished;
    }
    for (const file of pair.files) {
      hashes.add(sha256(join(output, file)));
    }
  }
  return hashes;
}

function prepare(pair: Pair, output: string, folder: string, hashes?: Set<string>): void {
  mkdirSync(output);
  if (pair.isThere) {
    cpSync(modelOf(folder, 0), join(output, 'out.gguf'));
    hashes?.add(sha256(join(output, 'out.gguf')));
  }
}

/** Milliseconds in which a command starts, works and ends. */
const LENGTH = 250;

async function runPair(pair: Pair, whole: ReadonlySet<string>, output: string, dice: Dice): Promise<PairReport> {
  const folder = join(output, '..');
  prepare(pair, output, folder);
  const faults: string[] = [];
  let [looks, seen, isOver] = [0, 0, false];
  const look = () => {
    looks++;
    for (const file of pair.files) {
      const path = join(output, file);
      if (existsSync(path)) {
        seen++;
        const hash = sha256(path);
        if (!whole.has(hash)) {
          faults.push(`${file} was not whole: ${hash}`);
        }
      } else if (pair.isThere) {
        faults.push(`${file} was away`);
      }
    }
  };
  const observer = (async () => {
    while (!isOver) {
      look();
      await pause(3);
    }
  })();
  const stopped = dice.chance(0.25) ? dice.below(2) : -1;
  const ends = [0, 1].map(async (side) => {
    await pause(dice.below(LENGTH / 2));
    const { child, finished } = start(pair.args(modelOf(folder, side), output, side));
    if (side === stopped) {
      await pause(dice.below(LENGTH));
      child.kill(dice.pick(['SIGINT', 'SIGTERM', 'SIGHUP'] as const));
    }
    return finished;
  });
  const codes = (await Promise.all(ends)).map(({ code }) => code);
  isOver = true;
  await observer;
  look();
  const left = readdirSync(output).filter((name) => !pair.files.includes(name));
  faults.push(...left.map((name) => `${name} was left`));
  return { name: pair.name, looks, seen, codes, faults };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
