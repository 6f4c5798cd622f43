import { parseArchitecture } from '../archs/registry.js';
import { UsageError } from '../errors.js';
import { optionName, refuseEmpty } from '../options/empty.js';
import { checkNumbers } from '../options/numbers.js';
import { type FileType, type OutType, parseFileTypes, parseOutType } from '../quantize/file-types.js';
import { parseTargets, type TargetSize } from '../quantize/target/size.js';
import { parsePreTokenizer } from '../tokenizer/pre/recognize.js';
import type { ConversionParams, OutputParams, QuantizationParams, QuantizeOptions } from './params.js';
import { parseOptions } from './quantize-request.js';
import { RequantizeError } from './quantized.js';
import { readSplitLimits } from './split-parts.js';

export class NothingToQuantizeError extends UsageError {}
export class ConflictingOptionsError extends UsageError {}
export class NoTypeError extends UsageError {}

const QUANTIZE_OPTIONS = [
  ...(['imatrix', 'includeWeights', 'excludeWeights', 'pure', 'leaveOutputTensor', 'outputTensorType'] as const),
  ...(['tokenEmbeddingType', 'tensorType', 'tensorTypeFile', 'overrideKv', 'pruneLayers', 'allowRequantize'] as const),
] satisfies readonly (keyof QuantizeOptions)[];

/** The requested files: one for each type, or one for each target size. */
export interface Asked {
  readonly quants: readonly FileType[];
  readonly targets: readonly TargetSize[];
}

/** What can be wrong with a conversion's parameters by themselves. @throws UsageError */
export function checkParams(params: ConversionParams): Asked & { outType: OutType | 'auto' } {
  checkOutputParams(params);
  const outType = parseOutType(params.outtype ?? 'auto');
  const asked = parseAsked(params);
  const isQuantized = asked.quants.length + asked.targets.length > 0;
  const idle = QUANTIZE_OPTIONS.find((name) => params[name] !== undefined && params[name] !== false);
  if (idle && !isQuantized) {
    throw new NothingToQuantizeError(
      `${optionName(idle)} has no effect without --quant.`,
      'Name a type with --quant (or a size with --target-size), or leave it out.',
    );
  }
  const changed =
    asked.quants.find((type) => type !== 'Q8_0' && type !== 'COPY') ?? (asked.targets[0] && 'a target size');
  if (outType === 'Q8_0' && changed && !params.allowRequantize) {
    throw new RequantizeError(
      `With --outtype ${params.outtype} the model is quantized already before ${changed} is made of it: quality is lost twice.`,
      'Leave --outtype out, or insist with --allow-requantize.',
    );
  }
  if (isQuantized && params.vocabOnly) {
    throw new ConflictingOptionsError(
      'A vocabulary alone has nothing to quantize.',
      'Leave --vocab-only out, or what asks for a type.',
    );
  }
  if (params.disableMistralCommunityChatTemplate && !params.mistralFormat) {
    throw new ConflictingOptionsError(
      '--disable-mistral-community-chat-template has no effect without --mistral-format.',
      'Add --mistral-format, or leave it out.',
    );
  }
  if (params.mtp && params.vocabOnly) {
    throw new ConflictingOptionsError(
      'A vocabulary alone has no blocks for multi-token prediction.',
      'Leave --vocab-only or --mtp out.',
    );
  }
  if (readSplitLimits(params) && params.vocabOnly) {
    throw new ConflictingOptionsError(
      'A vocabulary alone has no tensors to split.',
      'Leave --vocab-only out, or the limits of parts.',
    );
  }
  if (params.preTokenizer !== undefined) {
    parsePreTokenizer(params.preTokenizer);
  }
  if (params.arch !== undefined && params.archFile !== undefined) {
    throw new ConflictingOptionsError(
      '--arch and --arch-file are both given, and each says what family the model is of.',
      'Choose one of them.',
    );
  }
  if (params.arch !== undefined) {
    parseArchitecture(params.arch);
  }
  return { outType, ...asked };
}

/** The same of a quantization. @throws UsageError */
export function checkQuantizeParams(params: QuantizationParams): Asked {
  checkOutputParams(params);
  const asked = parseAsked(params);
  if (asked.quants.length + asked.targets.length === 0) {
    throw new NoTypeError(
      'No type is given to quantize to.',
      'Give one such as q4_k_m (hf2gguf types lists them), or a size with --target-size.',
    );
  }
  if (params.keepSplit && readSplitLimits(params)) {
    throw new ConflictingOptionsError(
      '--keep-split and limits of parts are both given, and each says how many parts there are.',
      'Choose one of them.',
    );
  }
  return asked;
}

/** @throws UsageError */
export function checkOutputParams(params: OutputParams): void {
  refuseEmpty(params);
  checkNumbers(params);
}

/** @throws UsageError */
function parseAsked(params: QuantizeOptions & Pick<ConversionParams, 'quant'>): Asked {
  const quants = parseQuants(params.quant);
  const targets = parseTargets(params);
  const other = quants.length > 0 ? 'a type' : params.pure ? '--pure' : undefined;
  if (targets.length > 0 && other) {
    throw new ConflictingOptionsError(
      `${other} and a target size are both given, and each chooses the tensors' types.`,
      'Choose one of them.',
    );
  }
  parseOptions(params);
  return { quants, targets };
}

/** Each type once. @throws UnknownTypeError */
export function parseQuants(quant: string | readonly string[] | undefined): FileType[] {
  return parseFileTypes(typeof quant === 'string' ? [quant] : (quant ?? []));
}
