import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Architecture } from '../archs/architecture.js';
import { mapTensors, textTensors } from '../archs/map-tensors.js';
import { findArchitecture } from '../archs/registry.js';
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { GateError, SourceError, UnsupportedError, UsageError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import { KeyValues } from '../gguf/key-values.js';
import { isObject, type JsonObject, parseJsonObject } from '../json.js';
import { outputName } from '../metadata/file-name.js';
import { loadMetadata } from '../metadata/load.js';
import { type Metadata, writeMetadata } from '../metadata/metadata.js';
import { countParameters } from '../metadata/size-label.js';
import { FILE_TYPES, type FileType, type OutType } from '../quantize/file-types.js';
import { guessOutType } from '../quantize/outtype.js';
import { openRepo } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import { SmallFiles } from '../repo/small-files.js';
import { shapeOf } from '../tensor/expr.js';
import { writeVocabulary } from '../tokenizer/vocabulary.js';
import { layOutConverted, layOutQuantized, layOutVocabulary, type NamedExpr, QUANTIZATION_VERSION } from './layout.js';
import { outputPaths } from './output-paths.js';
import { type ConvertParams, checkParams } from './params.js';
import type { Plan, PlannedFile } from './plan.js';
import { makeTasks, memoryOf, taskBytes } from './tasks.js';

export class NoConfigError extends SourceError {}
export class FallbackError extends GateError {}
export class QuantizedSourceError extends UnsupportedError {}

export interface PlanAndPlaces {
  readonly plan: Plan;
  readonly repo: Repo;
  /** Where the plan's files go, in their order. */
  readonly paths: readonly string[];
}

/** Buffers that a conversion may take unless told otherwise: bytes. */
export const DEFAULT_MAX_MEMORY = 192 * 2 ** 20;

/** Above this share of parameters in another type than asked for, the user is warned. */
const WARN_FALLBACK_SHARE = 0.05;

/**
 * Reads headers and small files, and decides everything about the output.
 * @throws UsageError, UnsupportedError, SourceError, HubError; GateError with `strict`
 */
export async function makePlan(params: ConvertParams, emit: (event: ConvertEvent) => void): Promise<PlanAndPlaces> {
  const { outType: asked, quants } = checkParams(params);
  emit({ event: 'phase', phase: 'open' });
  const repo = await openRepo(params.source, params);
  const files = new SmallFiles(repo, params.signal);
  const config = await readConfig(files);
  const arch = findArchitecture(config, params.arch);
  if (!params.vocabOnly) {
    refuseQuantized(config);
  }
  const checkpoint: Checkpoint = params.vocabOnly ? new Map() : await openCheckpoint(files, params.signal);

  emit({ event: 'phase', phase: 'plan' });
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
  const kv = await keyValues({ params, files, config, arch, metadata, outType, emit });

  const planned = planFiles({ params, kv, tensors, metadata, outType, quants });
  reportFallbacks(planned, params, emit);
  return { repo, paths: await outputPaths(params.out, planned), plan: summarize(repo, config, planned, params) };
}

async function readConfig(files: SmallFiles): Promise<Config> {
  const raw = await files.json('config.json');
  if (!raw) {
    throw new NoConfigError(
      `${files.repo.id} has no config.json.`,
      'Give the repository of a model in the format of transformers.',
    );
  }
  return loadConfig(raw);
}

/** Scales and packed integers mean nothing to the architectures' tables. */
function refuseQuantized({ hparams }: Config): void {
  const quantization = hparams.quantization_config;
  if (isObject(quantization)) {
    throw new QuantizedSourceError(
      `The checkpoint is quantized already (${String(quantization.quant_method ?? 'quantization_config')}), which this version does not read.`,
      'Convert the unquantized model that it was made from; its model card may name it as base_model.',
    );
  }
}

async function readOverrides(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`--metadata ${path} cannot be read: ${cause.message}.`, 'Give a JSON file.', { cause });
  });
  return parseJsonObject(text, path);
}

interface KeyValueSources {
  readonly params: ConvertParams;
  readonly files: SmallFiles;
  readonly config: Config;
  readonly arch: Architecture;
  readonly metadata: Metadata;
  readonly outType: OutType;
  emit(event: ConvertEvent): void;
}

/** The key-values that the converter writes, in its order. */
async function keyValues({
  params,
  files,
  config,
  arch,
  metadata,
  outType,
  emit,
}: KeyValueSources): Promise<KeyValues> {
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
        'Choose a type whose blocks fit the rows (Q8_0, Q4_0), or leave out --strict.',
      );
    }
    if (fallbackShare > WARN_FALLBACK_SHARE) {
      emit({ event: 'warning', message: `${what}. A type with blocks of 32 (Q8_0, Q4_0) avoids this.` });
    }
  }
}

function summarize(repo: Repo, config: Config, files: readonly PlannedFile[], params: ConvertParams): Plan {
  const jobs = params.jobs ?? availableParallelism();
  const tasks = makeTasks(files, taskBytes(params.maxMemory ?? DEFAULT_MAX_MEMORY, jobs));
  return {
    source: { id: repo.id, revision: repo.revision, architecture: config.architecture },
    files,
    sourceBytes: tasks.reduce((sum, task) => sum + task.bufferSize, 0),
    memory: memoryOf(tasks, jobs),
    disk: files.reduce((sum, file) => sum + file.size, 0),
  };
}
