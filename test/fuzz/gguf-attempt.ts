import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { planQuantize } from '#src/calls/quantize.js';
import { renderInspection } from '#src/cli/inspect-table.js';
import { toJsonLine } from '#src/cli/json.js';
import { Hf2ggufError } from '#src/errors.js';
import type { KeyValues } from '#src/gguf/key-values.js';
import { inspect } from '#src/gguf-files/inspect.js';
import { check } from '#src/runner/check.js';
import { openEngine } from '#src/runner/engine.js';
import { generate } from '#src/runner/generate/generate.js';
import { imatrix } from '#src/runner/imatrix/imatrix.js';
import { openRunnable } from '#src/runner/model.js';
import { openVocabulary } from '#src/tokenize/open.js';
import { Dice } from './dice.js';
import { type Draft, encodeDraft, readDraft } from './gguf-models.js';
import { mutateBytes, mutateFields } from './gguf-mutations.js';

const TEXT = 'Once upon a time, 2 dogs — <s>\u{1f436}';
const TOKENS = 3;
/** Beside the file: a text to be measured on, and a model that importance matrices are of. */
const [TEXT_FILE, MODEL_FILE] = ['text.txt', 'model.gguf'];

type Use = (path: string) => Promise<void>;

/** What is done with every model that somebody else wrote. */
const USES: Readonly<Record<string, Use>> = {
  async inspect(path) {
    const file = await inspect({ source: path });
    renderInspection(file);
    toJsonLine(file);
  },
  async quantize(path) {
    await planQuantize({ source: path, quant: 'q4_k_m', allowRequantize: true, output: dirname(path) });
  },
  async run(path) {
    const { graph, kv, tensors } = await openRunnable(path);
    encode(kv);
    const engine = openEngine(graph, tensors, { contextLength: 2 * TOKENS, threads: 2 });
    try {
      const tokens = Int32Array.from({ length: TOKENS }, (_, i) => (i * 7) % graph.vocabulary);
      await engine.run(tokens, 0, 1);
      await engine.run(tokens, TOKENS, 0);
    } finally {
      engine.close();
    }
  },
};

/** What takes long, done with some: a chat template is rendered in a process of its own. */
const SLOW_USES: Readonly<Record<string, Use>> = {
  async check(path) {
    await finished(check({ source: path, text: join(dirname(path), TEXT_FILE), ctx: 8, chunks: 1, jobs: 2 }));
  },
  async generate(path) {
    await finished(generate({ source: path, prompt: TEXT, chat: true, maxTokens: 2, jobs: 1 }));
  },
};

/** What is done with an importance matrix. */
const IMATRIX_USES: Readonly<Record<string, Use>> = {
  async merge(path) {
    for (const legacy of [false, true]) {
      await finished(imatrix({ in: [path, path], output: `${path}.out`, legacy }));
    }
  },
  async weigh(path) {
    const out = dirname(path);
    await planQuantize({
      source: join(out, MODEL_FILE),
      quant: 'iq2_xs',
      imatrix: path,
      allowRequantize: true,
      output: out,
    });
  },
};

async function finished(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

/** A vocabulary that cannot be read does not keep the model from being run on token ids. */
function encode(kv: KeyValues): void {
  try {
    const vocabulary = openVocabulary(kv);
    for (const token of vocabulary.encode(TEXT, { special: true, edges: true })) {
      vocabulary.piece(token, { special: true });
    }
  } catch (error) {
    if (!(error instanceof Hf2ggufError)) throw error;
  }
}

/** What is mutated. */
export interface Originals {
  readonly models: readonly Draft[];
  readonly imatrix: Draft;
  /** The same in the format before GGUF. */
  readonly legacy: Buffer;
}

/** Reads what is mutated, and puts into the folder where files will be used what else the uses need. */
export async function prepare(folder: string, paths: readonly string[]): Promise<Originals> {
  const models = await Promise.all(paths.map(readDraft));
  const [text, model, matrix] = [TEXT_FILE, MODEL_FILE, 'matrix'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(text, TEXT.repeat(4));
  writeFileSync(model, encodeDraft(models.at(-1) as Draft).bytes);
  const options = { source: model, text, ctx: 8, chunks: 1, jobs: 1 };
  await finished(imatrix({ ...options, output: matrix }));
  await finished(imatrix({ ...options, output: `${matrix}.dat`, legacy: true }));
  return { models, imatrix: await readDraft(matrix), legacy: readFileSync(`${matrix}.dat`) };
}

export interface Mutation {
  readonly bytes: Buffer;
  /** What is done with a file of these bytes. */
  readonly uses: Readonly<Record<string, Use>>;
}

/** Of 48 mutations, as many are of importance matrices, and as many of models that are used in all ways. */
const [ALL, IMATRICES, SLOW] = [48, 2, 2];

/** Number `mutation` of the run with this seed: the even ones know the format. */
export function mutate({ models, imatrix, legacy }: Originals, seed: number, mutation: number): Mutation {
  const dice = new Dice(seed, mutation);
  const knows = mutation % 2 === 0;
  const turn = mutation % ALL;
  if (turn < IMATRICES) {
    const parts = () => dice.pick([encodeDraft(imatrix), { bytes: Buffer.from(legacy), header: legacy.length }]);
    return { bytes: knows ? mutateFields(imatrix, dice) : mutateBytes(parts(), dice), uses: IMATRIX_USES };
  }
  const model = dice.pick(models);
  const bytes = knows ? mutateFields(model, dice) : mutateBytes(encodeDraft(model), dice);
  return { bytes, uses: turn < IMATRICES + SLOW ? { ...USES, ...SLOW_USES } : USES };
}

export interface Finding {
  readonly use: string;
  readonly error: unknown;
}

export interface Outcome {
  /** Uses that ended without an error. */
  readonly done: readonly string[];
  /** Errors that are none of the project's. */
  readonly findings: readonly Finding[];
}

/** Uses bytes as a file. It is written over: making one anew takes as long as using it. */
export async function attempt({ bytes, uses }: Mutation, path: string): Promise<Outcome> {
  overwrite(path, bytes);
  const done: string[] = [];
  const findings: Finding[] = [];
  for (const [use, run] of Object.entries(uses)) {
    try {
      await run(path);
      done.push(use);
    } catch (error) {
      if (!(error instanceof Hf2ggufError)) {
        findings.push({ use, error });
      }
    }
  }
  return { done, findings };
}

function overwrite(path: string, bytes: Buffer): void {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT);
  writeSync(file, bytes, 0, bytes.length, 0);
  ftruncateSync(file, bytes.length);
  closeSync(file);
}
