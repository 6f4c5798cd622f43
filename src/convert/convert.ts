import type { ConvertEvent, ConvertResult } from '../events.js';
import { type Call, stream } from '../stream.js';
import { makePlan } from './make-plan.js';
import { type Model, openModel } from './open-model.js';
import type { ConvertParams } from './params.js';
import type { Plan } from './plan.js';
import { type Planner, planOnly, run } from './run.js';

/**
 * Converts a model, and quantizes it in the same pass where `quant` is given.
 * @example for await (const event of convert({ source: 'org/model', quant: 'q4_k_m' })) console.log(event);
 * @throws Hf2ggufError; a family of it for everything that the caller or the files can get wrong
 */
export function convert(params: ConvertParams): Call<ConvertEvent, ConvertResult> {
  return stream((emit, signal) => {
    const own = { ...params, signal };
    return run(planner(own, emit), own, emit);
  }, params.signal);
}

/** The plan of a conversion, from headers and small files alone. @throws as `convert` */
export function plan(params: ConvertParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  return planOnly(planner(params, emit), emit);
}

function planner(params: ConvertParams, emit: (event: ConvertEvent) => void): Planner<Model> {
  return {
    open: () => openModel(params),
    plan: (model) => makePlan(model, params, emit),
  };
}
