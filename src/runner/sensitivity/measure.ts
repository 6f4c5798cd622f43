import { forEachConcurrently } from '../../async/concurrency.js';
import type { WeightTensor } from '../../graphs/weight-tensor.js';
import type { QuantizeOptions } from '../../plan/params.js';
import { readRequest } from '../../plan/quantize-request.js';
import type { Sensitivities } from '../../plan/sensitivities.js';
import { importanceOf } from '../../quantize/imatrix/coverage.js';
import type { Imatrix } from '../../quantize/imatrix/imatrix.js';
import { whyKept } from '../../quantize/recipe/kept.js';
import { meanWeight, relativeLoss } from '../../quantize/target/loss.js';
import { elementCount } from '../../tensor/expr.js';
import { openVocabulary } from '../../tokenize/open.js';
import { chunkTokens } from '../imatrix/collect.js';
import { type CollectParams, type Emit, readCalibration } from '../imatrix/collect-from.js';
import { openRunnable, type Runnable } from '../model.js';
import { Baseline } from './baseline.js';
import { coarsen, MOST_PROBES, type Probe, probesFor } from './coarse.js';
import { groupTensors } from './groups.js';

/** A model, the text that it runs over, and the importance matrix for quantizing it. */
export interface SensitivityParams
  extends Omit<CollectParams, 'ctx' | 'chunks' | 'parseSpecial' | 'processOutput'>,
    Pick<QuantizeOptions, 'imatrix' | 'includeWeights' | 'excludeWeights'> {}

/** The tokens of a chunk, and the first of them whose predictions count. */
const CONTEXT = 256;
const FIRST = 16;
/** The approximate number of multiplications of all runs: some minutes on two cores. */
const WORK = 1e13;
/** The fewest groups of tensors, which even a large model is divided into. */
const MIN_GROUPS = 24;
const MAX_CHUNKS = 8;
/** The most bytes of logits that are kept. */
const MAX_KEPT = 2 ** 28;
/** The number of runs at once: one model computes while another is quantized or compared. */
const RUNS = 2;

/**
 * Measures how much the errors of each tensor cost. A tensor is quantized alone, or in a large model together with its
 * kind in neighbouring layers. Its sensitivity is the KL divergence of this model from the unchanged one, divided by
 * the weighted squared error. This works because the effect of small errors is about proportional to their squares.
 * @throws NoGraphError, and the errors of `openRunnable`, `openVocabulary`, `openEngine`, `chunkTokens`, `readText`,
 * `readRequest`
 */
export async function measureSensitivities(params: SensitivityParams, emit: Emit = () => {}): Promise<Sensitivities> {
  const { imatrix } = await readRequest({ ...params, emit });
  const { text } = await readCalibration(params.text);
  const model = await openRunnable(params.source, { ...params, emit });
  const weights = model.tensors.reduce((sum, { ne }) => sum + elementCount(ne), 0);
  const matrices = model.tensors.filter((tensor) => !whyKept(tensor) && probesOf(tensor).length > 0);
  const affordable = WORK / (weights * CONTEXT * MOST_PROBES);
  const groups = groupTensors(matrices, Math.max(MIN_GROUPS, Math.floor(affordable)));
  const chunks = chooseChunks(model, text, Math.floor(affordable / groups.length));

  emit({ event: 'phase', phase: 'sensitivity' });
  const { jobs, signal } = params;
  const options = { contextLength: CONTEXT, signal, ...(jobs !== undefined && { threads: jobs }) };
  const baseline = new Baseline(model, chunks, FIRST, options);
  await baseline.prepare();
  const found: Cost[] = [];
  const trials = groups.flatMap((group) => probesOf(group[0]).map((probe) => ({ group, probe })));
  let done = 0;
  await forEachConcurrently(trials, RUNS, signal, async ({ group, probe }) => {
    found.push(...(await measureGroup(baseline, group, probe, imatrix)));
    emit({ event: 'progress', unit: 'trials', done: ++done, total: trials.length });
  });
  return sensitivities(found);
}

function probesOf(tensor: WeightTensor | undefined): readonly Probe[] {
  return probesFor(tensor?.ne[0] ?? 1);
}

/** The result of a trial for a tensor. */
interface Cost extends Pick<WeightTensor, 'name' | 'ne'> {
  /** The mean importance of its columns. */
  readonly weight: number;
  readonly probe: Probe;
  /**
   * The KL divergence that losing the whole tensor would cause if it were proportional to the error; NaN if the trial
   * changed nothing.
   */
  readonly cost: number;
  readonly whole: number;
}

function sensitivities(found: readonly Cost[]): Sensitivities {
  const usual = found.filter(({ probe }) => !probe.isSpecial);
  const known = usual
    .map(({ cost }) => cost)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const median = known[known.length >> 1];
  // No trial changed anything, so sensitivities are unknown and errors count by themselves.
  if (median === undefined) {
    return new Map();
  }
  const perUnit = ({ cost, whole }: Cost) => (whole > 0 ? (Number.isFinite(cost) ? cost : median) / whole : 0);
  const special = (name: string) => found.filter((cost) => cost.probe.isSpecial && cost.name === name);
  return new Map(
    usual.map((cost) => [
      cost.name,
      {
        ne: cost.ne,
        weight: cost.weight,
        usual: perUnit(cost),
        byType: Object.fromEntries(special(cost.name).map((other) => [other.probe.type, perUnit(other)])),
      },
    ]),
  );
}

/** Chooses as many chunks as there is time for, spread over the text. */
function chooseChunks({ kv, graph }: Runnable, text: string, affordable: number): Int32Array[] {
  const all = chunkTokens(openVocabulary(kv), text, { ctx: CONTEXT });
  const kept = Math.floor(MAX_KEPT / (4 * CONTEXT * graph.vocabulary));
  const count = Math.max(1, Math.min(affordable, kept, MAX_CHUNKS, all.length));
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)] as Int32Array);
}

/** Measures a group. Of several tensors, equal relative errors are assumed to cost the same. */
async function measureGroup(
  baseline: Baseline,
  group: readonly WeightTensor[],
  probe: Probe,
  imatrix: Imatrix | undefined,
): Promise<Cost[]> {
  const weights = group.map(({ name, ne }) => imatrix && importanceOf(imatrix, name, ne));
  const coarse = await Promise.all(group.map((tensor, i) => coarsen(tensor, probe.type, weights[i])));
  const divergence = await baseline.divergence(coarse.map(({ tensor }) => tensor));
  const cost = divergence / coarse.reduce((sum, { loss }) => sum + relativeLoss(loss), 0);
  return coarse.map(({ tensor: { name, ne }, loss: { whole } }, i) => {
    return { name, ne, weight: meanWeight(weights[i]), probe, cost, whole };
  });
}
