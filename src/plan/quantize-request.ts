import { SourceError, UsageError } from '../errors.js';
import { byteSource, locateFile } from '../gguf-files/locate.js';
import { checkSelection, type Imatrix, selectEntries } from '../quantize/imatrix/imatrix.js';
import { imatrixKeyValues } from '../quantize/imatrix/key-values.js';
import { readImatrix } from '../quantize/imatrix/read.js';
import { parseKvOverride } from '../quantize/override-kv.js';
import { parseLayers } from '../quantize/prune-layers.js';
import type { TensorTypeRule } from '../quantize/recipe/choose.js';
import { parseTensorType, parseTensorTypeFile, parseTensorTypeRule } from '../quantize/type-options.js';
import type { OpenOptions } from '../repo/open.js';
import { readTextFile } from '../repo/open-file.js';
import type { QuantizeOptions } from './params.js';
import type { QuantizeRequest } from './quantized.js';
import { readSensitivities } from './sensitivities.js';

export class SelectionWithoutImatrixError extends UsageError {}
export class UnreadableOptionFileError extends SourceError {}

/** What stands beside llama-quantize's options on one of the commands alone. */
interface RequestOptions extends QuantizeOptions {
  readonly keepSplit?: boolean;
  readonly keepBlocks?: boolean;
}

/** Parses the options of llama-quantize that name no file. @throws UsageError */
export function parseOptions(options: RequestOptions) {
  const { outputTensorType, tokenEmbeddingType, includeWeights = [], excludeWeights = [] } = options;
  if (options.imatrix === undefined && includeWeights.length + excludeWeights.length > 0) {
    throw new SelectionWithoutImatrixError(
      '--include-weights and --exclude-weights choose from an importance matrix, and none is given.',
      'Give one with --imatrix FILE, or --imatrix auto.',
    );
  }
  checkSelection({ include: includeWeights, exclude: excludeWeights });
  return {
    pure: options.pure ?? false,
    leaveOutputTensor: options.leaveOutputTensor ?? false,
    ...(outputTensorType && { outputTensorType: parseTensorType(outputTensorType, '--output-tensor-type') }),
    ...(tokenEmbeddingType && { tokenEmbeddingType: parseTensorType(tokenEmbeddingType, '--token-embedding-type') }),
    tensorTypes: (options.tensorType ?? []).map((text) => parseTensorTypeRule(text)),
    overrides: (options.overrideKv ?? []).map(parseKvOverride),
    prune: options.pruneLayers === undefined ? [] : parseLayers(options.pruneLayers),
    allowRequantize: options.allowRequantize ?? false,
    keepSplit: options.keepSplit ?? false,
    keepBlocks: options.keepBlocks ?? false,
  };
}

/**
 * Parses llama-quantize's options and reads the files that they name.
 * @throws UsageError, and what reading an importance matrix throws.
 */
export async function readRequest(options: RequestOptions & OpenOptions): Promise<QuantizeRequest> {
  const { tensorTypes, overrides, ...parsed } = parseOptions(options);
  const rules = await readTensorTypeFile(options);
  const { imatrix, unmatched } = await readSelected(options);
  const { sensitivities } = options;
  return {
    ...parsed,
    unmatched,
    tensorTypes: [...tensorTypes, ...rules],
    imatrix,
    sensitivities: typeof sensitivities === 'string' ? await readSensitivities(sensitivities) : sensitivities,
    overrides: [...overrides, ...(imatrix ? imatrixKeyValues(imatrix) : [])],
  };
}

async function readTensorTypeFile({ tensorTypeFile }: QuantizeOptions): Promise<TensorTypeRule[]> {
  if (tensorTypeFile === undefined) {
    return [];
  }
  const next = 'Give a file of rules such as attn_q=q8_0.';
  const text = await readTextFile(tensorTypeFile, (reason, cause) => {
    const what = `--tensor-type-file ${tensorTypeFile} cannot be read: ${reason}.`;
    return new UnreadableOptionFileError(what, next, { cause });
  });
  return parseTensorTypeFile(text, tensorTypeFile);
}

async function readSelected(
  options: QuantizeOptions & OpenOptions,
): Promise<Pick<QuantizeRequest, 'imatrix' | 'unmatched'>> {
  const { imatrix: source, includeWeights: include = [], excludeWeights: exclude = [] } = options;
  if (source === undefined) {
    return { unmatched: [] };
  }
  const imatrix = typeof source === 'string' ? await readFrom(source, options) : source;
  const names = [...imatrix.entries.keys()];
  const idle = (option: string, parts: readonly string[]) =>
    parts.filter((part) => !names.some((name) => name.includes(part))).map((part) => `${option} ${part}`);
  return {
    imatrix: selectEntries(imatrix, { include, exclude }),
    unmatched: [...idle('--include-weights', include), ...idle('--exclude-weights', exclude)],
  };
}

async function readFrom(source: string, options: OpenOptions): Promise<Imatrix> {
  const { repo, path } = await locateFile(source, options);
  return readImatrix(await byteSource(repo, path), source, options.signal);
}
