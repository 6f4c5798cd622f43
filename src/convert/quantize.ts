import { basename } from 'node:path';
import { UsageError } from '../errors.js';
import type { ConvertEvent, ConvertResult } from '../events.js';
import { FILE_TYPES } from '../quantize/file-types.js';
import { type Call, stream } from '../stream.js';
import { finishPlan, type PlanAndPlaces } from './finish-plan.js';
import { type GgufModel, openGgufModel } from './gguf-model.js';
import { type Asked, checkOutputParams, parseAsked, type QuantizeParams } from './params.js';
import type { Plan } from './plan.js';
import { readRequest } from './quantize-request.js';
import { type Planner, planOnly, run } from './run.js';
import { layOutAsked } from './target.js';

export class NoTypeError extends UsageError {}

/**
 * Quantizes a GGUF file, as llama-quantize does.
 * @example for await (const event of quantize({ source: 'model-BF16.gguf', quant: 'q4_k_m' })) console.log(event);
 * @throws Hf2ggufError; a family of it for everything that the caller or the files can get wrong
 */
export function quantize(params: QuantizeParams): Call<ConvertEvent, ConvertResult> {
  return stream((emit, signal) => {
    const own = { ...params, signal };
    return run(planner(own, emit), own, emit);
  }, params.signal);
}

/** The plan of a quantization, from the headers alone. @throws as `quantize` */
export function planQuantize(params: QuantizeParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  return planOnly(planner(params, emit), emit);
}

function planner(params: QuantizeParams, emit: (event: ConvertEvent) => void): Planner<GgufModel> {
  checkOutputParams(params);
  const asked = parseAsked(params);
  if (asked.quants.length === 0 && asked.targets.length === 0) {
    throw new NoTypeError(
      'No type is given to quantize to.',
      `Give one of ${Object.keys(FILE_TYPES).join(', ')}, or a size with --target-size.`,
    );
  }
  return {
    open: () => openGgufModel(params.source, params),
    plan: (model) => plan(model, asked, params, emit),
  };
}

async function plan(
  model: GgufModel,
  asked: Asked,
  params: QuantizeParams,
  emit: (event: ConvertEvent) => void,
): Promise<PlanAndPlaces> {
  const request = await readRequest(params);
  const context = { repo: model.repo, params, emit };
  const files = await layOutAsked(model, asked, request, (type) => quantizedName(model.name, type), context);
  const architecture = String(model.kv.get('general.architecture')?.value ?? 'unknown');
  return finishPlan({ repo: model.repo, architecture, files, params, emit });
}

/** The source's name with the type in place of its own: `model-BF16.gguf` becomes `model-Q4_K_M.gguf`. */
export function quantizedName(path: string, type: string): string {
  const name = basename(path).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '');
  const known = Object.keys(FILE_TYPES).sort((a, b) => b.length - a.length);
  const own = known.find((candidate) => new RegExp(`[-.]${candidate}$`, 'i').test(name));
  return `${own ? name.slice(0, -own.length - 1) : name}-${type}.gguf`;
}
