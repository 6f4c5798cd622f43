import * as conversion from '../convert/convert.js';
import type { Plan } from '../convert/plan.js';
import * as quantization from '../convert/quantize.js';
import type { ConvertEvent, ConvertResult } from '../events.js';
import { type Call, call } from '../stream.js';
import {
  type ConvertParams,
  checkRunnerOptions,
  type PipelineParams,
  type QuantizeParams,
  runsModel,
} from './params.js';
import type { Conversion } from './pipeline.js';

const CONVERT = { plan: conversion.plan, write: conversion.convert };
const QUANTIZE = { plan: quantization.planQuantize, write: quantization.quantize };

/**
 * Converts a model, and quantizes it in the same pass where `quant` is given; with `check` says how good the result is.
 * @example for await (const event of convert({ source: 'org/model', quant: 'q4_k_m' })) console.log(event);
 * @throws Hf2ggufError; a family of it for everything that the caller or the files can get wrong. What was written
 * stays when its check fails or is interrupted, else nothing is left behind. QualityGateError comes after `done`.
 */
export function convert(params: ConvertParams): Call<ConvertEvent, ConvertResult> {
  return call(write(CONVERT, params));
}

/**
 * The plan of a conversion, from headers and small files alone; with a target size the model is run for it.
 * @throws as `convert`
 */
export function plan(params: ConvertParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  return planned(CONVERT, params, emit);
}

/**
 * Quantizes a GGUF file, as llama-quantize does; with `check` says how good the result is.
 * @example for await (const event of quantize({ source: 'model-BF16.gguf', quant: 'q4_k_m' })) console.log(event);
 * @throws as `convert`
 */
export function quantize(params: QuantizeParams): Call<ConvertEvent, ConvertResult> {
  return call(write(QUANTIZE, params));
}

/** The plan of a quantization, from the headers alone; with a target size the model is run for it. @throws as `quantize` */
export function planQuantize(params: QuantizeParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  return planned(QUANTIZE, params, emit);
}

// The runner is loaded where it is used: what runs no model starts sooner.

async function* write<Params extends PipelineParams>(
  conversion: Conversion<Params>,
  params: Params,
): AsyncGenerator<ConvertEvent, ConvertResult> {
  checkRunnerOptions(params);
  if (!runsModel(params)) {
    return yield* conversion.write(params);
  }
  const { writeAll } = await import('./pipeline.js');
  return yield* writeAll(conversion, params);
}

async function planned<Params extends PipelineParams>(
  conversion: Conversion<Params>,
  params: Params,
  emit: (event: ConvertEvent) => void,
): Promise<Plan> {
  checkRunnerOptions(params);
  if (!runsModel(params)) {
    return conversion.plan(params, emit);
  }
  const { planAll } = await import('./pipeline.js');
  return planAll(conversion, params, emit);
}
