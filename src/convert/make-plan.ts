import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { mapTensors, textTensors } from '../archs/map-tensors.js';
import { GateError, UsageError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import { KeyValues } from '../gguf/key-values.js';
import { type JsonObject, parseJsonObject } from '../json.js';
import { outputName } from '../metadata/file-name.js';
import { loadMetadata } from '../metadata/load.js';
import { type Metadata, writeMetadata } from '../metadata/metadata.js';
import { countParameters } from '../metadata/size-label.js';
import { FILE_TYPES, type FileType, type OutType } from '../quantize/file-types.js';
import { guessOutType } from '../quantize/outtype.js';
import { shapeOf } from '../tensor/expr.js';
import { writeVocabulary } from '../tokenizer/vocabulary.js';
import { layOutConverted, layOutQuantized, layOutVocabulary, type NamedExpr, QUANTIZATION_VERSION } from './layout.js';
import type { Model } from './open-model.js';
import { outputPaths } from './output-paths.js';
import { type ConvertParams, checkParams } from './params.js';
import type { Plan, PlannedFile } from './plan.js';
import { makeTasks, taskBytes, workerMemory } from './tasks.js';

export class FallbackError extends GateError {}

export interface PlanAndPlaces {
  readonly plan: Plan;
  /** Where the plan's files go, in their order. */
  readonly paths: readonly string[];
}

/** Buffers that a conversion may take unless told otherwise: bytes. */
export const DEFAULT_MAX_MEMORY = 192 * 2 ** 20;

/** Above this share of parameters in another type than asked for, the user is warned. */
const WARN_FALLBACK_SHARE = 0.05;

/**
 * Decides everything about the output.
 * @throws UsageError, UnsupportedError, SourceError; GateError with `strict`
 */
export async function makePlan(
  model: Model,
  params: ConvertParams,
  emit: (event: ConvertEvent) => void,
): Promise<PlanAndPlaces> {
  const { repo, files, config, arch, checkpoint } = model;
  const { outType: asked, quants } = checkParams(params);
  const text = textTensors(arch, checkpoint.values());
  const outType: OutType = asked === 'auto' ? guessOutType(text.map(({ source }) => source)) : asked;
  const tensors = params.vocabOnly ? [] : mapTensors(arch, config, checkpoint.values());
  const metadata = await loadMetadata({
    files,
    folderName: repo.name,
    ...(params.modelName !== undefined && { modelName: params.modelName }),
    ...(params.metadata !== undefined && { overrides: await readOverrides(params.metadata) }),
    parameterCounts: countParameters(tensors.map(({ name, expr }) => ({ name, shape: shapeOf(expr) }))),
    warn: (message) => emit({ event: 'warning', message }),
  });
  const kv = await keyValues({ model, params, metadata, outType, emit });
  const planned = planFiles({ params, kv, tensors, metadata, outType, quants });
  reportFallbacks(planned, params, emit);
  return { paths: await outputPaths(params.out, planned), plan: summarize(model, planned, params) };
}

async function readOverrides(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`--metadata ${path} cannot be read: ${cause.message}.`, 'Give a JSON file.', { cause });
  });
  return parseJsonObject(text, path);
}

interface KeyValueSources {
  readonly model: Model;
  readonly params: ConvertParams;
  readonly metadata: Metadata;
  readonly outType: OutType;
  emit(event: ConvertEvent): void;
}

/** The key-values that the converter writes, in its order. */
async function keyValues({ model, params, metadata, outType, emit }: KeyValueSources): Promise<KeyValues> {
  const { files, config, arch } = model;
  const kv = new KeyValues().string('general.architecture', arch.gguf);
  writeMetadata(metadata, kv);
  await arch.hparams({ arch: arch.gguf, config, kv, fileType: FILE_TYPES[outType].id, files });
  kv.u32('general.quantization_version', QUANTIZATION_VERSION);
  await writeVocabulary({
    files,
    config,
    kv,
    plan: arch.tokenizer ?? 'gpt2',
    ...(params.preTokenizer !== undefined && { preTokenizer: params.preTokenizer }),
    warn: (message) => emit({ event: 'warning', message }),
  });
  return kv;
}

interface FileSources {
  readonly params: ConvertParams;
  readonly kv: KeyValues;
  readonly tensors: readonly NamedExpr[];
  readonly metadata: Metadata;
  readonly outType: OutType;
  readonly quants: readonly FileType[];
}

function planFiles({ params, kv, tensors, metadata, outType, quants }: FileSources): PlannedFile[] {
  if (params.vocabOnly) {
    return [layOutVocabulary(outputName(metadata, '', 'vocab'), kv)];
  }
  const name = (type: FileType) => outputName(metadata, type);
  return quants.length === 0
    ? [layOutConverted(name(outType), kv, tensors, outType)]
    : quants.map((quant) => layOutQuantized(name(quant), kv, tensors, outType, quant));
}

function reportFallbacks(files: readonly PlannedFile[], params: ConvertParams, emit: KeyValueSources['emit']): void {
  for (const { type, tensors, fallbackShare } of files) {
    const first = tensors.find((tensor) => tensor.instead);
    if (!first) {
      continue;
    }
    const what =
      `${(fallbackShare * 100).toFixed(1)} % of the parameters don't get the type that ${type} asks for: ` +
      `${first.name} becomes ${first.type} instead of ${first.instead}, because its ${first.why}`;
    if (params.strict) {
      throw new FallbackError(
        `${what}.`,
        'Choose a type whose blocks fit the rows, such as Q8_0, or leave out --strict.',
      );
    }
    if (fallbackShare > WARN_FALLBACK_SHARE) {
      emit({ event: 'warning', message: `${what}. --dry-run lists them all; --strict refuses such a file.` });
    }
  }
}

function summarize({ repo, config }: Model, files: readonly PlannedFile[], params: ConvertParams): Plan {
  const jobs = params.jobs ?? availableParallelism();
  const tasks = makeTasks(files, taskBytes(params.maxMemory ?? DEFAULT_MAX_MEMORY, jobs));
  return {
    source: { id: repo.id, revision: repo.revision, architecture: config.architecture },
    files,
    sourceBytes: tasks.reduce((sum, task) => sum + task.bufferSize, 0),
    memory: workerMemory(tasks) * jobs,
    disk: files.reduce((sum, file) => sum + file.size, 0),
  };
}
