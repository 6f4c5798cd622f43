import { basename } from 'node:path';
import type { Jobs } from '../async/jobs.js';
import type { Call } from '../async/stream.js';
import type { Plan, UnplacedPlan } from '../layout/plan.js';
import { type Asked, checkQuantizeParams } from '../plan/check-params.js';
import { checkSource, tellOverrides } from '../plan/check-quantized.js';
import { chosenFiles } from '../plan/chosen-files.js';
import { finishPlan } from '../plan/finish-plan.js';
import { type GgufModel, openGgufModel } from '../plan/gguf-model.js';
import type { QuantizationParams } from '../plan/params.js';
import { readRequest } from '../plan/quantize-request.js';
import type { QuantizeRequest } from '../plan/quantized.js';
import { readSplitLimits, splitAll } from '../plan/split-parts.js';
import { layOutAsked } from '../plan/target.js';
import { FILE_TYPES } from '../quantize/file-types.js';
import type { ConvertEvent, ConvertResult } from './events.js';
import { type Planner, planning, writing } from './run.js';

/**
 * Quantizes a GGUF file, as llama-quantize does.
 * @example for await (const event of quantize({ source: 'model-BF16.gguf', quant: 'q4_k_m' })) console.log(event);
 * @throws Hf2ggufError; a family of it for everything that the caller or the files can get wrong
 */
export function quantize(params: QuantizationParams): Call<ConvertEvent, ConvertResult> {
  return writing(planner, params);
}

/**
 * The plan of a quantization, from the headers alone.
 * @param headersOnly for a target size: find out whether it can be met, and measure nothing.
 * @throws as `quantize`
 */
export async function planQuantize(
  params: QuantizationParams,
  emit: (event: ConvertEvent) => void = () => {},
  headersOnly = false,
): Promise<Plan> {
  return planning(planner, params, emit, { headersOnly });
}

function planner(
  params: QuantizationParams & Jobs,
  emit: (event: ConvertEvent) => void,
  headersOnly = false,
): Planner<Source> {
  const asked = checkQuantizeParams(params);
  return {
    open: async () => {
      const request = await readRequest({ ...params, emit });
      return { request, ...(await openGgufModel(params.source, { ...params, emit }, { emit, strict: params.strict })) };
    },
    plan: (source) => plan(source, asked, params, emit, headersOnly),
    placing: { isPrefix: params.keepSplit || readSplitLimits(params) !== null },
  };
}

/** The file to quantize, and llama-quantize's options, read. */
type Source = GgufModel & { readonly request: QuantizeRequest };

async function plan(
  { request, ...model }: Source,
  asked: Asked,
  params: QuantizationParams & Jobs,
  emit: (event: ConvertEvent) => void,
  headersOnly: boolean,
): Promise<UnplacedPlan> {
  const to = { emit, strict: params.strict };
  checkSource(model, request, to);
  tellOverrides(model, request, to);
  const context = { repo: model.repo, params, headersOnly, emit };
  const whole = await layOutAsked(model, asked, request, (type) => quantizedName(model.name, type), context);
  const files = chosenFiles(splitAll(whole, params, 'gguf-split', emit), params);
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
