import { UsageError } from '../errors.js';
import { refuseMissing } from '../gguf-files/locate.js';
import { optionName } from '../options/empty.js';
import { NoTypeError } from '../plan/check-params.js';
import type { ConversionParams, QuantizationParams } from '../plan/params.js';
import { namesGguf, namesModel } from '../repo/open.js';

// `convert` quantizes a GGUF file. `quantize` converts a model in the format of transformers on the way.

/** The source is a GGUF file and the option is for models alone, or the other way round. */
export class OptionOfOtherSourceError extends UsageError {}

const OF_CONVERSIONS = [
  'modelName',
  'metadata',
  'vocabOnly',
  'mtp',
  'preTokenizer',
  'mistralFormat',
  'disableMistralCommunityChatTemplate',
  'arch',
  'archFile',
  'targetModelDir',
  'fuseQkv',
  'fuseGateUpExps',
  'fp8AsQ8',
  'keepBlocks',
] as const satisfies readonly (keyof ConversionParams)[];

/** The parameters of `quantize` where the source of a conversion is a GGUF file; else null. @throws UsageError */
export async function asQuantization<Params extends ConversionParams>(params: Params) {
  if (!(await namesGguf(params.source, params))) {
    return null;
  }
  await refuseMissing(params.source, params);
  const { modelName, metadata, vocabOnly, mtp, preTokenizer, arch, archFile, ...others } = params;
  const {
    mistralFormat,
    disableMistralCommunityChatTemplate,
    targetModelDir,
    fuseQkv,
    fuseGateUpExps,
    fp8AsQ8,
    keepBlocks,
    outtype,
    ...rest
  } = others;
  const other = OF_CONVERSIONS.find((name) => params[name] !== undefined && (params[name] !== false || name === 'mtp'));
  if (other) {
    throw new OptionOfOtherSourceError(
      `${other === 'mtp' && !mtp ? '--no-mtp' : optionName(other)} has no effect on ${params.source}, a GGUF file.`,
      "Leave it out; hf2gguf edit changes a GGUF file's metadata.",
    );
  }
  if (outtype !== undefined && outtype.toLowerCase() !== 'auto') {
    throw new OptionOfOtherSourceError(
      `--outtype has no effect on ${params.source}, a GGUF file.`,
      'Name the type to quantize to with --quant.',
    );
  }
  if (rest.quant === undefined && rest.targetSize === undefined && rest.targetBpw === undefined) {
    throw new NoTypeError(
      `${params.source} is a GGUF file already, and no type is given to quantize it to.`,
      'Name one with --quant, such as q4_k_m; hf2gguf types lists them.',
    );
  }
  return rest;
}

/** The parameters of `convert` where the source of a quantization is a model; else null. @throws UsageError */
export async function asConversion<Params extends QuantizationParams>(params: Params) {
  if (!(await namesModel(params.source, params))) {
    return null;
  }
  const { keepSplit, ...rest } = params;
  if (keepSplit) {
    throw new OptionOfOtherSourceError(
      `--keep-split has no effect on ${params.source}, a model that is no GGUF file.`,
      'Leave it out.',
    );
  }
  return rest;
}
