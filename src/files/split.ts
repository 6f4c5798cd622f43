import { basename } from 'node:path';
import type { Jobs } from '../async/jobs.js';
import { PLAN_STAGES, WRITE_STAGES } from '../async/stages.js';
import type { Call } from '../async/stream.js';
import type { ConvertEvent, ConvertResult } from '../calls/events.js';
import { type Planner, planning, writing } from '../calls/run.js';
import { placeTensors } from '../layout/layout.js';
import type { Plan } from '../layout/plan.js';
import { checkOutputParams } from '../plan/check-params.js';
import { finishPlan } from '../plan/finish-plan.js';
import { type GgufModel, openGgufModel } from '../plan/gguf-model.js';
import type { OutputParams } from '../plan/params.js';
import {
  readSplitLimits,
  SplitLimitError,
  type SplitLimits,
  type SplitOptions,
  splitFile,
} from '../plan/split-parts.js';
import { architectureOf, copiedKeyValues, copiedTensor, fileTypeName } from './copies.js';

/** llama-gguf-split's options; of the two limits, one: 128 tensors where none is given. */
export interface SplitParams extends Omit<OutputParams, 'strict' | 'stats'>, SplitOptions {
  /** A GGUF file's path, or `org/model[@revision]:file.gguf`; where it is split already, all of its parts are taken. */
  readonly source: string;
}

/**
 * Splits a GGUF file into parts, NAME-00001-of-00003.gguf and so on: the bytes that llama-gguf-split writes.
 * @throws UsageError, UnsupportedError, SourceError, HubError, ResourceError, InterruptedError
 */
export function split(params: SplitParams): Call<ConvertEvent, ConvertResult> {
  return writing(planner, params, WRITE_STAGES);
}

/** The plan of a split, from the headers alone. @throws as `split` */
export async function planSplit(params: SplitParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  return planning(planner, params, emit, { stages: PLAN_STAGES });
}

function planner(params: SplitParams & Jobs, emit: (event: ConvertEvent) => void): Planner<GgufModel> {
  checkOutputParams(params);
  const limits = readLimits(params);
  return {
    open: () => openGgufModel(params.source, { ...params, emit }, { emit }),
    plan: (model) => plan(model, limits, params, emit),
    placing: { isPrefix: true },
  };
}

const DEFAULT_TENSORS = 128;

function readLimits(params: SplitParams): SplitLimits {
  const { splitMaxTensors, splitMaxSize, noTensorFirstSplit = false } = params;
  if (splitMaxTensors !== undefined && splitMaxSize !== undefined) {
    throw new SplitLimitError('--split-max-tensors and --split-max-size are both given.', 'Choose one of them.');
  }
  const asked = splitMaxTensors === undefined && splitMaxSize === undefined ? null : readSplitLimits(params);
  return asked ?? { tensors: DEFAULT_TENSORS, isFirstEmpty: noTensorFirstSplit };
}

function plan(model: GgufModel, limits: SplitLimits, params: SplitParams & Jobs, emit: (event: ConvertEvent) => void) {
  const kv = copiedKeyValues(model, { emit });
  const name = basename(model.name).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '');
  const whole = placeTensors({ name, type: fileTypeName(kv), kv, tensors: model.tensors.map(copiedTensor) });
  const files = splitFile(whole, limits, 'gguf-split');
  return finishPlan({ repo: model.repo, architecture: architectureOf(kv), files, params, emit });
}
