import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '#src/runner/engine.js';
import { openRunnable, type RunnableOptions } from '#src/runner/model.js';
import { run } from '../calls/records.js';
import { tempFolder } from '../temp.js';

/** A model's answer by transformers, in float32: the logits of the last position. */
export interface LogitsRecord {
  readonly ids: readonly number[];
  readonly logits: readonly number[];
}

/** `corpus-logits/CASE.json` of a folder, and the repository that it is of. */
export function readCase(folder: string, name: string): { record: LogitsRecord; source: string } {
  const record = JSON.parse(readFileSync(join(folder, 'corpus-logits', `${name}.json`), 'utf8')) as LogitsRecord;
  const parent = join(folder, 'corpus', name, 'source');
  return { record, source: join(parent, readdirSync(parent)[0] ?? '') };
}

/**
 * The logits of the last position.
 * @param step tokens that are run at a time.
 */
export async function lastLogits(
  source: string,
  ids: readonly number[],
  { step = ids.length, ...options }: RunnableOptions & { step?: number } = {},
): Promise<Float32Array> {
  const { graph, tensors } = await openRunnable(source, options);
  const engine = openEngine(graph, tensors, { contextLength: ids.length, threads: 2 });
  try {
    let logits = new Float32Array();
    for (let past = 0; past < ids.length; past += step) {
      const tokens = Int32Array.from(ids.slice(past, past + step));
      const [last] = await engine.run(tokens, past, tokens.length - 1);
      logits = last.slice();
    }
    return logits;
  } finally {
    engine.close();
  }
}

/** The largest difference, as a share of the expected values' range. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const differences = values.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)));
  return actual.length === expected.length
    ? Math.max(...differences) / (Math.max(...values) - Math.min(...values))
    : Number.POSITIVE_INFINITY;
}

/** The path of a repository's float32 file, which goes with the test. */
export async function toF32(source: string): Promise<string> {
  const { result } = await run({ source, outtype: 'f32', output: tempFolder() });
  return result.files[0]?.path ?? '';
}
