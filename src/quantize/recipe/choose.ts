import { SourceError } from '../../errors.js';
import { blockSize, type GgmlType } from '../../gguf/types.js';
import { FILE_TYPES, type FileType } from '../file-types.js';
import type { ModelFacts } from '../model-facts.js';
import type { Choice } from '../outtype.js';
import { type Category, categoryOf } from './categories.js';
import { fallBack, RowLengthError } from './fallback.js';
import { whyKept } from './kept.js';
import { countsByLayer, type Decision, decide } from './rules.js';
import { layerOf, type RecipeTensor } from './tensor.js';

/** `--tensor-type PATTERN=TYPE`: the first whose pattern is found in a tensor's name counts. */
export interface TensorTypeRule {
  readonly pattern: RegExp;
  readonly type: GgmlType;
}

/** The options that decide the types of a quantized file. */
export interface TypeRequest {
  readonly fileType: FileType;
  /** There are importance weights, whatever tensors they are for. */
  readonly hasImatrix: boolean;
  /** `--pure`: no mixtures. @default false */
  readonly pure?: boolean;
  /** `--leave-output-tensor`: output.weight keeps its type. @default false */
  readonly leaveOutputTensor?: boolean;
  readonly outputTensorType?: GgmlType;
  readonly tokenEmbeddingType?: GgmlType;
  readonly tensorTypes?: readonly TensorTypeRule[];
  /** `--keep-blocks`: what is MXFP4 or NVFP4 already keeps its type, unless `--tensor-type` names it. @default false */
  readonly keepBlocks?: boolean;
}

const OUTPUT = 'output.weight';

/** A feed-forward tensor of a model with experts has no layer in its name, or one beyond the model's last. */
export class LayerNameError extends SourceError {}

/**
 * The type of every tensor in a quantized file, and why: what llama-quantize chooses (src/llama-quant.cpp of llama.cpp
 * v0.5.0). The first of these that has a say decides:
 *
 *  1. COPY, `--leave-output-tensor` (output.weight alone), `--keep-blocks` (ours), and what is never quantized (`whyKept`):
 *     the type stays.
 *  2. `--token-embedding-type`, for token_embd, and for per_layer_token_embd unless `--tensor-type` names it.
 *  3. `--output-tensor-type`, for output.weight.
 *  4. F32, F16 and BF16 files: that type; what follows is for quantized types only.
 *  5. `--tensor-type`: the first pattern that is found in the name.
 *  6. `--pure`: the file type's default type.
 *  7. `--output-tensor-type`, for the embeddings of a model without output.weight, which are its output too.
 *  8. The file type's mixture (`decide`); such embeddings count as output.
 *
 * Where rows don't fit the type, 5 to 8 fall back to another (`fallBack`); 2 and 3 don't (see `checkRowLengths`).
 *
 * @param tensors in the order of the file: `compareForQuantized`, or that of the source's splits if they are kept.
 * @throws {@link RowLengthError}, {@link LayerNameError}
 */
export function chooseQuantTypes(tensors: readonly RecipeTensor[], request: TypeRequest, facts: ModelFacts): Choice[] {
  const { fileType } = request;
  const defaultType = FILE_TYPES[fileType].type;
  if (defaultType === null) {
    return tensors.map(({ type }) => ({ type, why: fileType }));
  }
  const mixture = startMixture(tensors, request, facts, defaultType);
  return tensors.map((tensor) => {
    const kept = keptByOption(tensor, request) ?? whyKept(tensor);
    if (kept !== undefined) {
      return { type: tensor.type, why: kept };
    }
    const choice =
      asFixed(tensor, request, defaultType) ??
      fallBack(asManual(tensor, request, defaultType) ?? mixture(tensor), tensor);
    return needsImatrix(tensor.name, choice.type, fileType) ? { ...choice, needsImatrix: true } : choice;
  });
}

/** The option that keeps a tensor's type. */
function keptByOption({ name, type }: RecipeTensor, request: TypeRequest): string | undefined {
  if (request.leaveOutputTensor && name === OUTPUT) {
    return '--leave-output-tensor';
  }
  const isBlocks = type === 'MXFP4' || type === 'NVFP4';
  return request.keepBlocks && isBlocks && !manualRule(name, request) ? '--keep-blocks' : undefined;
}

/**
 * Refuses types that rows don't fit: what the options of steps 2 and 3 force. llama-quantize reports such types in a dry
 * run and aborts when it writes.
 * @throws {@link RowLengthError}
 */
export function checkRowLengths(tensors: readonly RecipeTensor[], choices: readonly Choice[]): void {
  for (const [i, { name, ne }] of tensors.entries()) {
    const { type = 'F32' } = choices[i] ?? {};
    const columns = ne[0] ?? 1;
    if (columns % blockSize(type) !== 0) {
      throw new RowLengthError(name, columns, type);
    }
  }
}

/** Steps 2 to 4, which know no fallback. */
function asFixed({ name }: RecipeTensor, request: TypeRequest, defaultType: GgmlType): Decision | undefined {
  const category = categoryOf(name);
  const ofTokens =
    name === 'per_layer_token_embd.weight' && manualRule(name, request) ? undefined : request.tokenEmbeddingType;
  if (category === 'token_embd' && ofTokens) {
    return { type: ofTokens, why: '--token-embedding-type' };
  }
  if (category === 'output' && request.outputTensorType) {
    return { type: request.outputTensorType, why: '--output-tensor-type' };
  }
  return blockSize(defaultType) === 1 ? { type: defaultType, why: request.fileType } : undefined;
}

/** Steps 5 and 6. */
function asManual({ name }: RecipeTensor, request: TypeRequest, defaultType: GgmlType): Decision | undefined {
  const rule = manualRule(name, request);
  if (rule) {
    return { type: rule.type, why: '--tensor-type' };
  }
  return request.pure ? { type: defaultType, why: '--pure' } : undefined;
}

function manualRule(name: string, { tensorTypes }: TypeRequest): TensorTypeRule | undefined {
  return tensorTypes?.find(({ pattern }) => pattern.test(name));
}

/** Steps 7 and 8. Only the tensors that get here count as a category's first, second, ... */
function startMixture(
  tensors: readonly RecipeTensor[],
  { fileType, hasImatrix, outputTensorType }: TypeRequest,
  facts: ModelFacts,
  defaultType: GgmlType,
): (tensor: RecipeTensor) => Decision {
  const isTied = !tensors.some(({ name }) => name === OUTPUT);
  const values = tensors.filter(({ name }) => categoryOf(name) === 'values').length;
  const seen = new Map<Category, number>();
  return ({ name, ne: [columns = 1, , matrices = 1] }) => {
    const named = categoryOf(name);
    const category = named === 'token_embd' && isTied ? 'output' : named;
    if (category === 'output' && outputTensorType) {
      return { type: outputTensorType, why: '--output-tensor-type' };
    }
    const position = seen.get(category) ?? 0;
    seen.set(category, position + 1);
    const index = countsByLayer(category, fileType, facts) ? checkedLayer(name, facts.layers) : position;
    const count = category === 'values' ? values : facts.layers;
    return decide({ category, facts, fileType, defaultType, hasImatrix, columns, matrices, index, count });
  };
}

function checkedLayer(name: string, layers: number): number {
  const layer = layerOf(name);
  if (layer === undefined || layer >= layers) {
    throw new LayerNameError(
      layer === undefined
        ? `Tensor ${name} of a model with experts names no layer (blk.N), which decides its type.`
        : `Tensor ${name} is of layer ${layer}, but the model has ${layers} layers (block_count).`,
      'Correct the file, or choose its type with --tensor-type or --pure.',
    );
  }
  return layer;
}

/** Types of so few bits that llama-quantize makes them only with importance weights. */
export const LOWEST: readonly GgmlType[] = ['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS'];

/** `tensor_requires_imatrix` in src/llama-quant.cpp. */
function needsImatrix(name: string, type: GgmlType, fileType: FileType): boolean {
  const category = categoryOf(name);
  const isEndOfModel = category === 'token_embd' || category === 'output';
  return !isEndOfModel && (LOWEST.includes(type) || (type === 'Q2_K' && fileType === 'Q2_K_S'));
}
