import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { GgufValue, Scalar } from '#src/gguf/types.js';
import { encodeHeader } from '#src/gguf/writer.js';
import type { PlannedFile } from '#src/layout/plan.js';
import { findFaults } from '#src/loading/faults.js';
import { Dice } from '../fuzz/dice.js';
import { data, fixtures } from '../paths.js';
import { peerMissing } from '../peer/ggml.js';
import { llamaRefuses } from '../peer/loads.js';
import { findSource } from './contradictions.js';

const COUNT = 1000;
const SEED = 1;
const ALIGNMENT = 32;

const sources = [
  ...['llama', 'llama-2', 'ministral3', 'qwen3'].map((name) => findSource(join(fixtures, 'corpus'), name)),
  ...(data === undefined ? [] : ['qwen2', 'smollm3']).map((name) => findSource(join(data ?? '', 'corpus'), name)),
];

interface Model {
  readonly kv: KeyValues;
  readonly tensors: readonly { readonly name: string; readonly ne: readonly number[] }[];
}

const title = peerMissing === undefined ? 'beside llama.cpp' : `beside llama.cpp (skipped: ${peerMissing})`;

(peerMissing === undefined ? describe : describe.skip)(title, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(`${COUNT} damaged files: refused just where llama.cpp refuses them`, async () => {
    const models = await Promise.all(sources.map(planned));
    const cases = Array.from({ length: COUNT }, (_, i) => {
      const dice = new Dice(SEED, i);
      const { model, what } = damage(dice.pick(models), dice);
      const path = join(folder, `${i}.gguf`);
      write(path, model);
      return { path, what, fault: findFaults(model).find(({ certain }) => certain)?.what ?? null };
    });
    const verdicts = llamaRefuses(cases.map(({ path }) => path));
    const differing = cases
      .map(({ what, fault }, i) => ({ what, fault, verdict: verdicts[i] }))
      .filter(({ fault, verdict }) => (fault === null) !== (verdict === null));
    expect(differing).toEqual([]);
    const refused = verdicts.filter((verdict) => verdict !== null).length;
    expect(refused).toBeGreaterThan(COUNT / 4);
    expect(refused).toBeLessThan((COUNT * 3) / 4);
    process.stdout.write(`damaged files of seed ${SEED}: ${refused} refused, ${COUNT - refused} load\n`);
  }, 180_000);
});

async function planned({ folder, preTokenizer }: (typeof sources)[number]): Promise<Model> {
  const pre = preTokenizer === undefined ? {} : { preTokenizer };
  const { files } = await plan({ source: folder, outtype: 'f32', ...pre });
  const { kv, tensors } = files[0] as PlannedFile;
  return { kv: copyOf(kv), tensors: tensors.map(({ name, ne }) => ({ name, ne })) };
}

function copyOf(entries: Iterable<readonly [string, GgufValue]>): KeyValues {
  const kv = new KeyValues();
  for (const [key, value] of entries) {
    kv.set(key, value);
  }
  return kv;
}

/** With zeros for values. */
function write(path: string, { kv, tensors }: Model): void {
  let offset = 0;
  const placed = tensors.map(({ name, ne }) => {
    const at = offset;
    offset += Math.ceil((4 * ne.reduce((product, length) => product * length, 1)) / ALIGNMENT) * ALIGNMENT;
    return { name, ne, type: 'F32', offset: at } as const;
  });
  writeFileSync(path, Buffer.concat([encodeHeader(kv.entries(), placed), Buffer.alloc(offset)]));
}

function damage({ kv, tensors }: Model, dice: Dice): { model: Model; what: string } {
  const index = dice.below(tensors.length);
  const { name, ne } = tensors[index] as Model['tensors'][number];
  const replace = (tensor: Model['tensors'][number]) => tensors.map((old, i) => (i === index ? tensor : old));
  switch (dice.below(8)) {
    case 0:
      return { model: { kv, tensors: tensors.filter((_, i) => i !== index) }, what: `${name} dropped` };
    case 1: {
      const other = dice.pick([name.replace('.weight', '.bias'), name.replace(/blk\.\d+/, 'blk.9'), `${name}.x`]);
      return { model: { kv, tensors: replace({ name: other, ne }) }, what: `${name} -> ${other}` };
    }
    case 2: {
      const shape = dice.pick([[...ne].reverse(), [...ne, 1], ne.map((length) => 2 * length), [1, ...ne]]);
      return { model: { kv, tensors: replace({ name, ne: shape }) }, what: `${name} ${ne} -> ${shape}` };
    }
    default: {
      const changed = kv.clone();
      const what = damageKey(changed, dice);
      return { model: { kv: changed, tensors }, what };
    }
  }
}

function damageKey(kv: KeyValues, dice: Dice): string {
  const architecture = String(kv.get('general.architecture')?.value);
  const keys = [...kv.entries()].map(([key]) => key);
  const key = dice.pick(keys.filter((name) => dice.chance(0.5) === name.startsWith(architecture)));
  const value = kv.get(key) as GgufValue;
  const damaged = dice.chance(0.2) ? null : damagedValue(value, dice);
  if (damaged === null) {
    kv.delete(key);
    return `${key} removed`;
  }
  kv.set(key, damaged);
  const shown = damaged.type === 'array' ? `${damaged.value.length} ${damaged.of}` : `${damaged.value}`;
  return `${key}: ${damaged.type} ${shown}`;
}

function damagedValue(value: GgufValue, dice: Dice): GgufValue {
  if (value.type === 'array') {
    const items = Array.from<Scalar>(value.value);
    return dice.pick<GgufValue>([
      { ...value, value: items.slice(1) },
      { ...value, value: [...items, items[0] ?? 0] },
      { type: 'string', value: 'x' },
    ]);
  }
  const number = Number(value.value);
  if (Number.isNaN(number) || value.type === 'string') {
    return dice.pick<GgufValue>([
      { type: 'string', value: 'x' },
      { type: 'u32', value: 1 },
    ]);
  }
  return dice.pick<GgufValue>([
    { ...value, value: value.type === 'bool' ? value.value !== true : dice.pick([0, 1, number + 1, 2 * number]) },
    { type: 'i32', value: Math.trunc(number) },
    { type: 'string', value: String(number) },
    { type: 'array', of: 'u32', value: [Math.trunc(number), Math.trunc(number)] },
  ]);
}
