import type { KeptEvent } from '../../events.js';
import { type ForceOption, guardOf } from '../../output/guard.js';
import { writeWhole } from '../../output/write-whole.js';
import type { Imatrix } from '../../quantize/imatrix/imatrix.js';
import { averaged } from '../../quantize/imatrix/read.js';
import { openVocabulary } from '../../tokenize/open.js';
import { openOutline, type RunnableOptions } from '../model.js';
import { Accumulated } from './accumulate.js';
import { chunkTokens, isGathered } from './collect.js';
import { type CollectParams, collectFrom, DEFAULT_CONTEXT, type Emit, readCalibration } from './collect-from.js';
import { encodeGgufImatrix } from './encode.js';
import { IMATRIX_FILE } from './kind.js';

/** The name that a quantized file has in place of the importance matrix's file. */
export const AUTO = 'auto';

export interface CollectImatrixParams extends CollectParams, ForceOption {
  /** A file to which the matrix is also written, as `imatrix` does. */
  readonly imatrixOut?: string | undefined;
}

/**
 * Computes the importance matrix of a model, to quantize the model with it in the same run.
 * @throws the errors of `collectFrom` and `writeWhole`
 */
export async function collectImatrix(
  params: CollectImatrixParams,
  emit: (event: Parameters<Emit>[0] | KeptEvent) => void = () => {},
): Promise<Imatrix> {
  const { entries, dataset } = await collectFrom(params, emit);
  const all = new Accumulated(params.ctx ?? DEFAULT_CONTEXT);
  for (const [name, entry] of entries) {
    all.add(name, entry, params.source);
  }
  const sums = { ...all.result(), datasets: [dataset] };
  // The file needs the sums, so it is written before they become means.
  if (params.imatrixOut !== undefined) {
    const file = { path: params.imatrixOut, replaceable: IMATRIX_FILE, pieces: [...encodeGgufImatrix(sums)] };
    const size = await writeWhole(file, await guardOf(params), { emit });
    emit({ event: 'kept', what: 'imatrix', path: params.imatrixOut, size });
  }
  return averaged(sums, AUTO);
}

/**
 * Predicts the result of `collectImatrix` for a plan, with equal importance for all columns. It does not run the model,
 * and reads only the headers of its weights.
 */
export async function expectImatrix(params: CollectParams & Pick<RunnableOptions, 'emit'>): Promise<Imatrix> {
  const { text, dataset } = await readCalibration(params.text);
  const { graph, kv, tensors } = await openOutline(params.source, params);
  const ctx = params.ctx ?? DEFAULT_CONTEXT;
  const chunks = chunkTokens(openVocabulary(kv), text, { ...params, ctx }).length;
  const multiplied = new Set(graph.operators.flatMap((operator) => (operator.op === 'mat-mul' ? operator.weight : [])));
  const gathered = tensors.filter(
    ({ name }) => multiplied.has(name) && isGathered(name, params.processOutput ?? false),
  );
  const entries = gathered.map(({ name, ne }) => {
    return [name, { values: new Float32Array(ne[0] ?? 1).fill(1), counts: [chunks * ctx] }] as const;
  });
  return { file: AUTO, format: 'gguf', datasets: [dataset], chunks, entries: new Map(entries) };
}
