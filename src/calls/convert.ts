import type { Jobs } from '../async/jobs.js';
import type { Call } from '../async/stream.js';
import type { Plan } from '../layout/plan.js';
import { checkParams } from '../plan/check-params.js';
import { type Inputs, readInputs } from '../plan/inputs.js';
import { makePlan } from '../plan/make-plan.js';
import { type Model, openModel } from '../plan/open-model.js';
import type { ConversionParams } from '../plan/params.js';
import { readSplitLimits } from '../plan/split-parts.js';
import type { ConvertEvent, ConvertResult } from './events.js';
import { type Planner, planning, writing } from './run.js';

/**
 * Converts a model, and quantizes it in the same pass where `quant` is given.
 * @example for await (const event of convert({ source: 'org/model', quant: 'q4_k_m' })) console.log(event);
 * @throws Hf2ggufError; a family of it for everything that the caller or the files can get wrong
 */
export function convert(params: ConversionParams): Call<ConvertEvent, ConvertResult> {
  return writing(planner, params);
}

/**
 * The plan of a conversion, from headers and small files alone.
 * @param headersOnly for a target size: find out whether it can be met, and measure nothing.
 * @throws as `convert`
 */
export async function plan(
  params: ConversionParams,
  emit: (event: ConvertEvent) => void = () => {},
  headersOnly = false,
): Promise<Plan> {
  return planning(planner, params, emit, { headersOnly });
}

function planner(
  params: ConversionParams & Jobs,
  emit: (event: ConvertEvent) => void,
  headersOnly = false,
): Planner<Model & Inputs> {
  checkParams(params);
  return {
    open: async () => {
      const inputs = await readInputs({ ...params, emit });
      return { ...inputs, ...(await openModel(params, emit)) };
    },
    plan: (source) => makePlan(source, params, emit, headersOnly),
    placing: { isPrefix: readSplitLimits(params) !== null },
  };
}
