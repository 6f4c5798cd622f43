import { forEachConcurrently } from '../../concurrency.js';
import type { QuantizeOptions } from '../../convert/params.js';
import { readRequest } from '../../convert/quantize-request.js';
import type { Sensitivities } from '../../convert/target.js';
import type { ConvertEvent } from '../../events.js';
import { weightsOf } from '../../quantize/imatrix/coverage.js';
import type { Imatrix } from '../../quantize/imatrix/imatrix.js';
import { whyKept } from '../../quantize/recipe/kept.js';
import { parseTarget } from '../../quantize/target/size.js';
import { elementCount } from '../../tensor/expr.js';
import { openVocabulary } from '../../vocabulary/open.js';
import type { WeightTensor } from '../graph.js';
import { chunkTokens } from '../imatrix/collect.js';
import { type CollectParams, readCalibration } from '../imatrix/collect-from.js';
import { openRunnable, type Runnable } from '../model.js';
import { Baseline } from './baseline.js';
import { coarsen, probeType } from './coarse.js';
import { groupTensors } from './groups.js';

/** A model, the text that it runs over, and what it is to be quantized with, and to what size. */
export interface SensitivityParams
  extends Omit<CollectParams, 'ctx' | 'chunks' | 'parseSpecial' | 'processOutput'>,
    Pick<QuantizeOptions, 'imatrix' | 'includeWeights' | 'excludeWeights' | 'targetSize' | 'targetBpw'> {}

type Emit = (event: Extract<ConvertEvent, { event: 'phase' | 'chunk' | 'warning' }>) => void;

/** Tokens of a chunk, and the first of them whose predictions count. */
const CONTEXT = 256;
const FIRST = 16;
/** Multiplications of all runs together, about: some minutes on two cores. */
const WORK = 1e13;
/** Groups of tensors that are told apart in models that are too large for that, too. */
const MIN_GROUPS = 24;
const MAX_CHUNKS = 8;
/** Bytes of the logits that are kept. */
const MAX_KEPT = 2 ** 28;
/** Bits a weight that are taken for granted where nothing is asked for. */
const DEFAULT_BITS = 4.5;
/** Runs at a time: one model computes while another is quantized or compared. */
const RUNS = 2;

/**
 * What each tensor's errors cost: it alone, or in a large model together with its like in the neighbouring layers, is
 * quantized plainly to about the bits asked for. The KL divergence from the model as it is on some text, over the
 * weighted squared error, is its sensitivity, for what small errors do is about proportional to their squares.
 * @throws NoGraphError, and as `openRunnable`, `openVocabulary`, `openEngine`, `chunkTokens`, `readText`, `readRequest`
 */
export async function measureSensitivities(params: SensitivityParams, emit: Emit = () => {}): Promise<Sensitivities> {
  const { imatrix } = await readRequest(params);
  const { text } = await readCalibration(params.text);
  const model = await openRunnable(params.source, {
    ...params,
    emit: (event) => event.event === 'warning' && emit(event),
  });
  const weights = model.tensors.reduce((sum, { ne }) => sum + elementCount(ne), 0);
  const bits = ((parseTarget(params)?.bytes(weights) ?? (DEFAULT_BITS * weights) / 8) * 8) / weights;
  const matrices = model.tensors.filter((tensor) => !whyKept(tensor) && probeType(tensor.ne[0] ?? 1, bits));
  const groups = groupTensors(matrices, Math.max(MIN_GROUPS, Math.floor(WORK / (weights * CONTEXT))));
  const chunks = chooseChunks(model, text, Math.floor(WORK / (weights * CONTEXT * groups.length)));

  emit({ event: 'phase', phase: 'sensitivity' });
  const { jobs, signal } = params;
  const options = { contextLength: CONTEXT, signal, ...(jobs !== undefined && { threads: jobs }) };
  const baseline = new Baseline(model, chunks, FIRST, options);
  await baseline.prepare();
  const found = new Map<string, number>();
  let done = 0;
  await forEachConcurrently(groups, RUNS, signal, async (group) => {
    for (const [name, sensitivity] of await measureGroup(baseline, group, bits, imatrix)) {
      found.set(name, sensitivity);
    }
    emit({ event: 'chunk', done: ++done, total: groups.length });
  });
  return found;
}

/** So many as there is time for, from all over the text. */
function chooseChunks({ kv, graph }: Runnable, text: string, affordable: number): Int32Array[] {
  const all = chunkTokens(openVocabulary(kv), text, { ctx: CONTEXT });
  const kept = Math.floor(MAX_KEPT / (4 * CONTEXT * graph.vocabulary));
  const count = Math.max(1, Math.min(affordable, kept, MAX_CHUNKS, all.length));
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)] as Int32Array);
}

/** Of several, all errors relative to the tensors' values are taken to cost the same. */
async function measureGroup(
  baseline: Baseline,
  group: readonly WeightTensor[],
  bits: number,
  imatrix: Imatrix | undefined,
): Promise<[string, number][]> {
  const coarse = await Promise.all(
    group.map((tensor) => {
      const weights = imatrix && weightsOf(imatrix, tensor.name, tensor.ne);
      return coarsen(tensor, probeType(tensor.ne[0] ?? 1, bits) ?? tensor.type, weights);
    }),
  );
  const divergence = await baseline.divergence(coarse.map(({ tensor }) => tensor));
  const relative = coarse.reduce((sum, { loss }) => sum + loss.relative, 0);
  return coarse.map(({ tensor: { name }, loss }) => [
    name,
    relative > 0 ? ((divergence / relative) * loss.relative) / loss.weighted : 0,
  ]);
}
