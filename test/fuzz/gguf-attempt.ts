import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { renderInspection } from '#src/cli/inspect-table.js';
import { toJsonLine } from '#src/cli/json.js';
import { planQuantize } from '#src/convert/quantize.js';
import { Hf2ggufError } from '#src/errors.js';
import type { KeyValues } from '#src/gguf/key-values.js';
import { inspect } from '#src/inspect.js';
import { openEngine } from '#src/runner/engine.js';
import { openRunnable } from '#src/runner/model.js';
import { openVocabulary } from '#src/vocabulary/open.js';
import { Dice } from './dice.js';
import type { Draft } from './gguf-models.js';
import { mutateBytes, mutateFields } from './gguf-mutations.js';

const TEXT = 'Once upon a time, 2 dogs — <s>\u{1f436}';
const TOKENS = 3;

/** Everything that is done with a file that somebody else wrote. */
const USES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  async inspect(path) {
    const file = await inspect({ source: path });
    renderInspection(file);
    toJsonLine(file);
  },
  async quantize(path) {
    await planQuantize({ source: path, quant: 'q4_k_m', allowRequantize: true, out: dirname(path) });
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

/** Number `mutation` of the run with this seed, of one of the models: the even ones know the format. */
export function mutate(models: readonly Draft[], seed: number, mutation: number): Buffer {
  const dice = new Dice(seed, mutation);
  const model = dice.pick(models);
  return mutation % 2 === 0 ? mutateFields(model, dice) : mutateBytes(model, dice);
}

/** Uses bytes as a GGUF file in all ways. The file is written over: making one anew takes as long as using it. */
export async function attempt(bytes: Buffer, path: string): Promise<Outcome> {
  overwrite(path, bytes);
  const done: string[] = [];
  const findings: Finding[] = [];
  for (const [use, run] of Object.entries(USES)) {
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
