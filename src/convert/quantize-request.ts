import { readFile } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import { byteSource, locateFile } from '../locate-gguf.js';
import { type Imatrix, selectEntries } from '../quantize/imatrix/imatrix.js';
import { imatrixKeyValues } from '../quantize/imatrix/key-values.js';
import { readImatrix } from '../quantize/imatrix/read.js';
import { parseKvOverride } from '../quantize/override-kv.js';
import { parseLayers } from '../quantize/prune-layers.js';
import type { TensorTypeRule } from '../quantize/recipe/choose.js';
import { parseTensorType, parseTensorTypeFile, parseTensorTypeRule } from '../quantize/type-options.js';
import type { OpenOptions } from '../repo/open.js';
import type { QuantizeOptions } from './params.js';
import type { QuantizeRequest } from './quantized.js';
import { readSensitivities } from './sensitivities.js';

export class SelectionWithoutImatrixError extends UsageError {}
export class UnreadableOptionFileError extends UsageError {}

/**
 * Parses llama-quantize's options and reads the files that they name.
 * @throws UsageError, and what reading an importance matrix throws.
 */
export async function readRequest(
  options: QuantizeOptions & OpenOptions & { readonly keepSplit?: boolean },
): Promise<QuantizeRequest> {
  const imatrix = await readSelected(options);
  const { sensitivities } = options;
  const outputTensorType = options.outputTensorType;
  const tokenEmbeddingType = options.tokenEmbeddingType;
  return {
    pure: options.pure ?? false,
    leaveOutputTensor: options.leaveOutputTensor ?? false,
    ...(outputTensorType && { outputTensorType: parseTensorType(outputTensorType, '--output-tensor-type') }),
    ...(tokenEmbeddingType && { tokenEmbeddingType: parseTensorType(tokenEmbeddingType, '--token-embedding-type') }),
    tensorTypes: await readTensorTypes(options),
    imatrix,
    sensitivities: typeof sensitivities === 'string' ? await readSensitivities(sensitivities) : sensitivities,
    overrides: [...(options.overrideKv ?? []).map(parseKvOverride), ...(imatrix ? imatrixKeyValues(imatrix) : [])],
    prune: options.pruneLayers === undefined ? [] : parseLayers(options.pruneLayers),
    allowRequantize: options.allowRequantize ?? false,
    keepSplit: options.keepSplit ?? false,
  };
}

async function readTensorTypes({ tensorType = [], tensorTypeFile }: QuantizeOptions): Promise<TensorTypeRule[]> {
  const rules = tensorType.map((text) => parseTensorTypeRule(text));
  if (tensorTypeFile === undefined) {
    return rules;
  }
  const text = await readFile(tensorTypeFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UnreadableOptionFileError(
      `--tensor-type-file ${tensorTypeFile} cannot be read: ${cause.message}.`,
      'Give a file of rules such as attn_q=q8_0.',
      { cause },
    );
  });
  return [...rules, ...parseTensorTypeFile(text, tensorTypeFile)];
}

async function readSelected(options: QuantizeOptions & OpenOptions): Promise<Imatrix | undefined> {
  const { imatrix: source, includeWeights: include = [], excludeWeights: exclude = [] } = options;
  if (source === undefined) {
    if (include.length + exclude.length > 0) {
      throw new SelectionWithoutImatrixError(
        '--include-weights and --exclude-weights choose from an importance matrix, and none is given.',
        'Give one with --imatrix FILE, or --imatrix auto.',
      );
    }
    return undefined;
  }
  const imatrix = typeof source === 'string' ? await readFrom(source, options) : source;
  return selectEntries(imatrix, { include, exclude });
}

async function readFrom(source: string, options: OpenOptions): Promise<Imatrix> {
  const { repo, path } = await locateFile(source, options);
  return readImatrix(await byteSource(repo, path), source, options.signal);
}
