import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { EXIT, Hf2ggufError } from '#src/errors.js';
import { Dice } from '../fuzz/dice.js';
import { data, fixtures } from '../paths.js';
import { peerMissing } from '../peer/ggml.js';
import { llamaRefuses } from '../peer/loads.js';
import { contradict, findSource, type Source } from './contradictions.js';

const COUNT = 200;
const SEED = 1;

const sources: readonly Source[] = [
  ...['llama', 'llama-2', 'llama-hf-tokenizer', 'ministral3', 'qwen3'].map((name) =>
    findSource(join(fixtures, 'corpus'), name),
  ),
  // Families of which the project has no model of its own.
  ...(data === undefined ? [] : ['qwen2', 'smollm3', 'mistral']).map((name) =>
    findSource(join(data ?? '', 'corpus'), name),
  ),
];

interface Outcome {
  readonly kind: string;
  readonly what: string;
  /** Null where a file was written. */
  readonly error: unknown;
  /** What there is in the output's folder. */
  readonly files: readonly string[];
}

const title = peerMissing === undefined ? 'beside llama.cpp' : `beside llama.cpp (skipped: ${peerMissing})`;

(peerMissing === undefined ? describe : describe.skip)(title, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(`${COUNT} contradictions between configuration and weights: refused, or a file that loads`, async () => {
    const outcomes: Outcome[] = [];
    for (let i = 0; i < COUNT; i++) {
      outcomes.push(await attempt(join(folder, String(i)), new Dice(SEED, i)));
    }
    const refused = outcomes.filter(({ error }) => error !== null);
    const written = outcomes.filter(({ error }) => error === null);
    const expected: readonly number[] = [EXIT.unsupported, EXIT.source];
    const isTyped = (error: unknown) => error instanceof Hf2ggufError && expected.includes(error.exitCode);
    expect(refused.filter(({ error }) => !isTyped(error))).toEqual([]);
    expect(refused.filter(({ files }) => files.length > 0)).toEqual([]);
    const verdicts = llamaRefuses(written.flatMap(({ files }) => files));
    expect(verdicts).toHaveLength(written.length);
    const wrong = written.map(({ kind, what }, i) => ({ kind, what, verdict: verdicts[i] }));
    expect(wrong.filter(({ verdict }) => verdict !== null)).toEqual([]);
    // Both ends have to be tried.
    expect(refused.length).toBeGreaterThan(COUNT / 4);
    expect(written.length).toBeGreaterThan(COUNT / 20);
    process.stdout.write(`${summary(outcomes)}\n`);
  }, 180_000);
});

async function attempt(folder: string, dice: Dice): Promise<Outcome> {
  const source = dice.pick(sources);
  const copy = join(folder, 'source');
  const output = join(folder, 'output');
  const { kind, what } = contradict(source, copy, dice);
  const outcome = (error: unknown): Outcome => ({
    ...{ kind, what: `${source.name}: ${what}`, error },
    files: list(output).map((name) => join(output, name)),
  });
  try {
    const pre = source.preTokenizer === undefined ? {} : { preTokenizer: source.preTokenizer };
    for await (const _ of convert({ source: copy, output: join(output, 'x.gguf'), jobs: 1, ...pre })) {
      // Only the end counts.
    }
    return outcome(null);
  } catch (error) {
    return outcome(error);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function summary(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))].sort();
  const rows = kinds.map((kind) => {
    const mine = outcomes.filter((outcome) => outcome.kind === kind);
    const written = mine.filter(({ error }) => error === null).length;
    return `${kind}: ${mine.length - written} refused, ${written} load`;
  });
  return `contradictions of seed ${SEED}: ${rows.join('; ')}`;
}
