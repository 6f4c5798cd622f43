import { basename } from 'node:path';
import type { Jobs } from '../async/jobs.js';
import { PLAN_STAGES, WRITE_STAGES } from '../async/stages.js';
import type { Call } from '../async/stream.js';
import type { ConvertEvent, ConvertResult } from '../calls/events.js';
import { type Planner, planning, writing } from '../calls/run.js';
import { UsageError } from '../errors.js';
import { placeTensors } from '../layout/layout.js';
import type { Plan, UnplacedPlan } from '../layout/plan.js';
import { checkOutputParams } from '../plan/check-params.js';
import { finishPlan } from '../plan/finish-plan.js';
import { type GgufModel, openGgufModel } from '../plan/gguf-model.js';
import type { OutputParams } from '../plan/params.js';
import { architectureOf, copiedKeyValues, copiedTensor, fileTypeName } from './copies.js';

export interface MergeParams extends Omit<OutputParams, 'strict' | 'stats'> {
  /** The path of one part, or `org/model[@revision]:file.gguf`; all others have to lie beside it. */
  readonly source: string;
}

export class NotSplitError extends UsageError {}

/**
 * Merges the parts of a split GGUF file: the bytes that llama-gguf-split writes, and like it over no file that exists,
 * without `force`.
 * @throws UsageError, UnsupportedError, SourceError, HubError, ResourceError, InterruptedError
 */
export function merge(params: MergeParams): Call<ConvertEvent, ConvertResult> {
  return writing(planner, params, WRITE_STAGES);
}

/** The plan of a merge, from the headers alone. @throws as `merge` */
export async function planMerge(params: MergeParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  return planning(planner, params, emit, { stages: PLAN_STAGES });
}

function planner(params: MergeParams & Jobs, emit: (event: ConvertEvent) => void): Planner<GgufModel> {
  checkOutputParams(params);
  return {
    open: () => openGgufModel(params.source, { ...params, emit }, { emit }),
    plan: (model) => plan(model, params, emit),
    // Like llama-gguf-split, a merge replaces no file.
    placing: { replaceable: null },
  };
}

function plan(model: GgufModel, params: MergeParams & Jobs, emit: (event: ConvertEvent) => void): UnplacedPlan {
  if (!model.kv.get('split.count')?.value) {
    throw new NotSplitError(`${model.name} is not split.`, 'Give a part: NAME-00001-of-00003.gguf, for example.');
  }
  // A count of 0: programs then do not read the merged file as a part.
  const kv = copiedKeyValues(model, { emit }).delete('split.count').scalar('split.count', 'u16', 0);
  const name = basename(model.name).replace(/-\d{5}-of-\d{5}\.gguf$/, '.gguf');
  const file = placeTensors({
    name,
    type: fileTypeName(kv),
    kv,
    tensors: model.tensors.map(copiedTensor),
    padded: true,
  });
  return finishPlan({ repo: model.repo, architecture: architectureOf(kv), files: [file], params, emit });
}
