import { numbered } from '../async/stages.js';
import { type Call, call, forward, stream } from '../async/stream.js';
import type { Plan } from '../layout/plan.js';
import { checkParams, checkQuantizeParams } from '../plan/check-params.js';
import { readInputs } from '../plan/inputs.js';
import { readRequest } from '../plan/quantize-request.js';
import * as conversion from './convert.js';
import type { ConvertEvent, ConvertResult } from './events.js';
import {
  type ConvertParams,
  checkRunnerOptions,
  type PipelineParams,
  type QuantizeParams,
  runsModel,
  stagesOf,
} from './params.js';
import * as quantization from './quantize.js';
import { asConversion, asQuantization } from './route.js';
import type { Conversion } from './with-runner.js';

const CONVERT: Conversion<ConvertParams> = {
  check: checkParams,
  read: readInputs,
  plan: conversion.plan,
  write: conversion.convert,
};
const QUANTIZE: Conversion<QuantizeParams> = {
  check: checkQuantizeParams,
  read: readRequest,
  plan: quantization.planQuantize,
  write: quantization.quantize,
};

/**
 * Converts a model, and quantizes it in the same pass where `quant` is given; with `check` says how good the result is.
 * A GGUF file is quantized.
 * @example for await (const event of convert({ source: 'org/model', quant: 'q4_k_m' })) console.log(event);
 * @throws Hf2ggufError; a family of it for everything that the caller or the files can get wrong. What was written
 * stays when its check fails or is interrupted. What is done of large files is kept after an interruption or a failure of
 * the network, and the same call goes on with it; else nothing is left behind. QualityGateError comes after `done`.
 */
export function convert(params: ConvertParams): Call<ConvertEvent, ConvertResult> {
  return call(converted(params));
}

async function* converted(params: ConvertParams): AsyncGenerator<ConvertEvent, ConvertResult> {
  checkParams(params);
  const quantization = await asQuantization(params);
  return yield* quantization ? write(QUANTIZE, quantization) : write(CONVERT, params);
}

/**
 * The plan of a conversion, from headers and small files alone; with a target size the model is run for it.
 * @throws as `convert`
 */
export async function plan(params: ConvertParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  checkParams(params);
  const quantization = await asQuantization(params);
  return quantization ? planned(QUANTIZE, quantization, emit) : planned(CONVERT, params, emit);
}

/**
 * Quantizes a GGUF file, as llama-quantize does; with `check` says how good the result is. A model in the format of
 * transformers is converted on the way.
 * @example for await (const event of quantize({ source: 'model-BF16.gguf', quant: 'q4_k_m' })) console.log(event);
 * @throws as `convert`
 */
export function quantize(params: QuantizeParams): Call<ConvertEvent, ConvertResult> {
  return call(quantized(params));
}

async function* quantized(params: QuantizeParams): AsyncGenerator<ConvertEvent, ConvertResult> {
  checkQuantizeParams(params);
  const conversion = await asConversion(params);
  return yield* conversion ? write(CONVERT, conversion) : write(QUANTIZE, params);
}

/** The plan of a quantization, from the headers alone; with a target size the model is run for it. @throws as `quantize` */
export async function planQuantize(
  params: QuantizeParams,
  emit: (event: ConvertEvent) => void = () => {},
): Promise<Plan> {
  checkQuantizeParams(params);
  const conversion = await asConversion(params);
  return conversion ? planned(CONVERT, conversion, emit) : planned(QUANTIZE, params, emit);
}

// The runner is imported only when it is needed, so that calls which run no model start sooner.

function write<Params extends PipelineParams>(
  conversion: Conversion<Params>,
  params: Params,
): AsyncGenerator<ConvertEvent, ConvertResult> {
  return stream(async (emit, signal) => {
    conversion.check(params);
    checkRunnerOptions(params);
    const own = { ...params, signal };
    const tell = numbered(stagesOf(params).write, emit);
    if (!runsModel(params)) {
      return forward(conversion.write(own), tell);
    }
    const { writeAll } = await import('./with-runner.js');
    return forward(writeAll(conversion, own), tell);
  }, params.signal);
}

async function planned<Params extends PipelineParams>(
  conversion: Conversion<Params>,
  params: Params,
  emit: (event: ConvertEvent) => void,
): Promise<Plan> {
  conversion.check(params);
  checkRunnerOptions(params);
  const tell = numbered(stagesOf(params).plan, emit);
  if (!runsModel(params)) {
    return conversion.plan(params, tell);
  }
  const { planAll } = await import('./with-runner.js');
  return planAll(conversion, params, tell);
}
