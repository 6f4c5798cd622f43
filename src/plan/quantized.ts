import { SourceError, UnsupportedError } from '../errors.js';
import type { WarningEvent } from '../events.js';
import { throughC } from '../gguf/c-strings.js';
import { KeyValues } from '../gguf/key-values.js';
import { blockSize, type GgmlType } from '../gguf/types.js';
import { partOf } from '../gguf-files/locate.js';
import { placeTensors, QUANTIZATION_VERSION, type UnplacedTensor } from '../layout/layout.js';
import type { PlannedFile, Prediction, TensorWrite } from '../layout/plan.js';
import { copiedFileType, FILE_TYPES, type FileType } from '../quantize/file-types.js';
import { type Coverage, type CoverageEvent, coverage, importanceOf } from '../quantize/imatrix/coverage.js';
import { doubtWeights } from '../quantize/imatrix/doubtful-weights.js';
import type { Imatrix } from '../quantize/imatrix/imatrix.js';
import { type ModelFacts, modelFacts } from '../quantize/model-facts.js';
import { NEEDS_WEIGHTS } from '../quantize/native.js';
import type { Choice } from '../quantize/outtype.js';
import { applyKvOverrides, type KvOverride, overriddenForLoading } from '../quantize/override-kv.js';
import { checkPruning, type Pruning, pruneLayers, withBlockCount } from '../quantize/prune-layers.js';
import { checkRowLengths, chooseQuantTypes, type TypeRequest } from '../quantize/recipe/choose.js';
import { compareForQuantized, dimensions, type RecipeTensor } from '../quantize/recipe/tensor.js';
import type { TensorExpr } from '../tensor/expr.js';
import { dtypeOf } from '../tensor/rows.js';
import type { DoubtSink } from '../warnings.js';
import type { Sensitivities } from './sensitivities.js';

/** The input of a quantization: what llama-quantize would read, a file or all parts of a split one. */
export interface QuantizeSource {
  readonly kv: KeyValues;
  readonly tensors: readonly SourceTensor[];
}

export interface SourceTensor {
  readonly name: string;
  /** The type in that file. Values that come from another type pass through this one. */
  readonly type: GgmlType;
  readonly ne: readonly number[];
  readonly expr: TensorExpr;
  /** Why it has its type. */
  readonly why: string;
  /** The number of its part from 0, and its offset in that part's data. */
  readonly part: number;
  readonly offset: number;
}

/** llama-quantize's options, read and checked. */
export interface QuantizeRequest extends Omit<TypeRequest, 'fileType' | 'hasImatrix'> {
  readonly imatrix?: Imatrix | undefined;
  /** For a target size. */
  readonly sensitivities?: Sensitivities | undefined;
  /** Key-values to set, those that name the importance matrix at the end. */
  readonly overrides: readonly KvOverride[];
  /** Numbers of the layers to leave out. */
  readonly prune: readonly number[];
  readonly allowRequantize: boolean;
  /** Options that select entries of the importance matrix and match none: each with its value. */
  readonly unmatched: readonly string[];
  /** `--keep-split`: the output has as many parts as the source. */
  readonly keepSplit: boolean;
}

/** --quant with a tensor that is quantized already. */
export class RequantizeError extends UnsupportedError {}
/** A type whose result would be garbage without an importance matrix. */
export class ImatrixRequiredError extends UnsupportedError {}
export class NotQuantizableError extends SourceError {}

/** How the tensors of a file get their types. */
export interface Recipe {
  /** The file type's name, or what stands for one. */
  readonly type: string;
  /** @param tensors in the order of the file. */
  choose(tensors: readonly RecipeTensor[], facts: ModelFacts): readonly Choice[];
  /** `general.file_type` */
  readonly number: number;
  readonly prediction?: Prediction | undefined;
}

/**
 * Lays out a file for each type, and reports what the importance matrix covers.
 * @param name of the file of a type.
 * @throws as `layOutQuantized`; StrictError with `strict`
 */
export function layOutAll(
  source: QuantizeSource,
  types: readonly FileType[],
  request: QuantizeRequest,
  name: (type: FileType) => string,
  to: CoverageSink,
): PlannedFile[] {
  const files = types.flatMap((type) =>
    layOutQuantized(name(type), source, fixedRecipe(source, type, request), request),
  );
  reportCoverage(source, files, request, to);
  return files;
}

/** The recipe of a file type: llama-quantize's rules. */
function fixedRecipe(source: QuantizeSource, fileType: FileType, request: QuantizeRequest): Recipe {
  const types: TypeRequest = { ...request, fileType, hasImatrix: hasEntries(request.imatrix) };
  return {
    type: fileType,
    choose: (tensors, facts) => chooseQuantTypes(tensors, types, facts),
    number: fileType === 'COPY' ? copiedFileType(source.kv, source.tensors) : FILE_TYPES[fileType].id,
  };
}

/** Receives the coverage of the importance matrix, and warnings about it. */
export interface CoverageSink extends DoubtSink {
  emit(event: CoverageEvent | WarningEvent): void;
}

/**
 * Reports which of the quantized tensors the importance matrix covers, and warns of doubtful weights.
 * Reports nothing without a matrix.
 * @throws StrictError with `strict`
 */
export function reportCoverage(
  source: QuantizeSource,
  files: readonly PlannedFile[],
  { imatrix }: QuantizeRequest,
  to: CoverageSink,
): void {
  if (imatrix) {
    const coverage = imatrixCoverage(imatrix, source, files);
    to.emit({ event: 'coverage', coverage });
    doubtWeights(to, imatrix, coverage.covered);
  }
}

/** Which of the source's tensors get weights from the importance matrix. */
function imatrixCoverage(imatrix: Imatrix, source: QuantizeSource, files: readonly PlannedFile[]): Coverage {
  const made = new Map(files.flatMap(({ tensors }) => tensors.map(({ expr, type }) => [expr, type] as const)));
  const tensors = source.tensors.map(({ name, ne, expr, type }) => {
    const final = made.get(expr);
    return { name, ne, quantized: final !== undefined && final !== type };
  });
  return coverage(imatrix, tensors);
}

/**
 * The files that are made of a source: one, or with `keepSplit` as many as the source has parts.
 * @param name of the file; with `keepSplit` the parts' numbers go before its `.gguf`.
 * @throws LayersError, RequantizeError, ImatrixRequiredError, NotQuantizableError, and what the recipe and the options throw.
 */
export function layOutQuantized(
  name: string,
  source: QuantizeSource,
  recipe: Recipe,
  request: QuantizeRequest,
): PlannedFile[] {
  const { kept, pruning } = keptTensors(source, request);
  const choices = recipe.choose(kept, factsOf(source, request));
  checkRowLengths(kept, choices);
  const tensors = kept.map((tensor, i) => quantizedTensor(tensor, choices[i] as Choice, request));
  const kv = quantizedKeyValues(source, recipe.number, request, pruning);
  return request.keepSplit
    ? splitAsSource(name, kv, recipe.type, kept, tensors)
    : [placeTensors({ name, type: recipe.type, kv, tensors, padded: true, prediction: recipe.prediction })];
}

export function factsOf(source: QuantizeSource, request: QuantizeRequest): ModelFacts {
  return modelFacts(overriddenForLoading(source.kv, request.overrides));
}

/** A tensor that stays, with the name that it had before layers were left out. */
export interface KeptTensor extends SourceTensor {
  readonly entry: string;
}

/** The tensors that a file will have, in its order, by the names that they will have. */
export function keptTensors(
  source: QuantizeSource,
  { prune, keepSplit }: QuantizeRequest,
): { kept: KeptTensor[]; pruning?: Pruning } {
  const sorted = [...source.tensors].sort(compareForQuantized);
  const pruning =
    prune.length > 0
      ? pruneLayers(
          sorted.map(({ name }) => name),
          prune,
        )
      : undefined;
  if (pruning) {
    checkPruning(pruning);
  }
  const kept = sorted.flatMap((tensor): KeptTensor[] => {
    const name = pruning ? pruning.kept.get(tensor.name) : tensor.name;
    return name === undefined ? [] : [{ ...tensor, name, entry: tensor.name }];
  });
  if (keepSplit) {
    kept.sort((a, b) => a.part - b.part || a.offset - b.offset);
  }
  return { kept, ...(pruning && { pruning }) };
}

export function hasEntries(imatrix: Imatrix | undefined): boolean {
  return imatrix !== undefined && imatrix.entries.size > 0;
}

/** @throws as `layOutQuantized` */
export function quantizedTensor(source: KeptTensor, choice: Choice, request: QuantizeRequest): UnplacedTensor {
  const { name, expr } = source;
  const changes = choice.type !== source.type;
  const common = {
    name,
    expr,
    ne: source.ne.slice(0, dimensions(source.ne)),
    type: choice.type,
  } as const;
  if (!changes) {
    const { instead } = choice;
    const write: TensorWrite = isOpaque(source.type) ? { kind: 'copy' } : { kind: 'convert', via: 'F32', finite: true };
    return { ...common, write, why: instead ? choice.why : source.why, ...(instead && { instead }) };
  }
  if (isOpaque(source.type)) {
    throw new NotQuantizableError(
      `Tensor ${name} has the type ${source.type}, which cannot become ${choice.type}.`,
      'Name another type for it with --tensor-type, or take it out of the file.',
    );
  }
  if (blockSize(source.type) > 1 && !request.allowRequantize) {
    throw new RequantizeError(
      `Tensor ${name} is quantized already (${source.type}); making ${choice.type} of it loses quality twice.`,
      'Quantize from a file in F32, F16 or BF16, or insist with --allow-requantize.',
    );
  }
  const weights = request.imatrix && importanceOf(request.imatrix, source.entry, common.ne);
  checkWeights(name, choice, hasEntries(request.imatrix), weights !== undefined);
  const via = dtypeOf(expr) === source.type ? 'F32' : source.type;
  const { why, instead } = choice;
  const write: TensorWrite = { kind: 'convert', via, finite: true, ...(weights && { weights }) };
  return { ...common, write, why, ...(instead && { instead }) };
}

/** Types that are never computed with. */
function isOpaque(type: GgmlType): boolean {
  return /^(I\d+|F64)$/.test(type);
}

function checkWeights(name: string, { type, needsImatrix }: Choice, hasImatrix: boolean, hasWeights: boolean): void {
  if (hasWeights || (!needsImatrix && !NEEDS_WEIGHTS.includes(type))) {
    return;
  }
  throw new ImatrixRequiredError(
    hasImatrix
      ? `Tensor ${name} becomes ${type}, but the importance matrix has no entry for it.`
      : `Tensor ${name} becomes ${type}, which is garbage without an importance matrix.`,
    hasImatrix
      ? 'Use an importance matrix of this very model, or another type for the tensor (--tensor-type).'
      : 'Give one with --imatrix FILE (many GGUF repositories have one), let --imatrix auto compute it, or choose a larger type such as Q2_K.',
  );
}

/** The key-values of a quantized file. @param pruning the layers that are left out, as `keptTensors` returns it */
export function quantizedKeyValues(
  source: QuantizeSource,
  fileType: number,
  { overrides }: Pick<QuantizeRequest, 'overrides'>,
  pruning: Pruning | undefined,
): KeyValues {
  const kv = throughC(source.kv)
    .delete('general.quantization_version')
    .u32('general.quantization_version', QUANTIZATION_VERSION)
    .delete('general.file_type')
    .u32('general.file_type', fileType);
  for (const key of ['split.no', 'split.count', 'split.tensors.count']) {
    kv.delete(key);
  }
  const overridden = applyKvOverrides(kv, overrides);
  if (pruning === undefined) {
    return overridden;
  }
  const architecture = overriddenForLoading(source.kv, overrides).get('general.architecture')?.value;
  return withBlockCount(overridden, String(architecture), pruning);
}

/** Each tensor in the part that it came from; the first part has all key-values. */
function splitAsSource(
  name: string,
  kv: KeyValues,
  type: string,
  sources: readonly SourceTensor[],
  tensors: readonly UnplacedTensor[],
): PlannedFile[] {
  const count = Math.max(1, ...sources.map(({ part }) => part + 1));
  return Array.from({ length: count }, (_, part) => {
    const own = part === 0 ? kv : new KeyValues();
    if (count > 1) {
      own
        .scalar('split.no', 'u16', part)
        .scalar('split.count', 'u16', count)
        .scalar('split.tensors.count', 'i32', tensors.length);
    }
    const mine = tensors.filter((_, i) => sources[i]?.part === part);
    return placeTensors({
      name: partOf(name, part, count),
      part: [part, count],
      type,
      kv: own,
      tensors: mine,
      padded: true,
    });
  });
}
