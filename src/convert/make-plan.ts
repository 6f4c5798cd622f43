import { readFile } from 'node:fs/promises';
import { mapTensors, textTensors } from '../archs/map-tensors.js';
import { doubtRope } from '../archs/rope-doubts.js';
import { UsageError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import { KeyValues } from '../gguf/key-values.js';
import { doubtTemplates } from '../jinja/doubt-templates.js';
import { type JsonObject, parseJsonObject } from '../json.js';
import { checkFaults, tellFaults } from '../loading/check.js';
import { findFaults, findVocabularyFaults } from '../loading/faults.js';
import { outputName } from '../metadata/file-name.js';
import { loadMetadata } from '../metadata/load.js';
import { type Metadata, writeMetadata } from '../metadata/metadata.js';
import { generationConfig } from '../metadata/sampling.js';
import { countParameters } from '../metadata/size-label.js';
import { FILE_TYPES, type OutType } from '../quantize/file-types.js';
import { guessOutType } from '../quantize/outtype.js';
import type { Repo } from '../repo/repo.js';
import { shapeOf } from '../tensor/expr.js';
import type { TokenizerFiles } from '../tokenizer/tokenizer-files.js';
import { writeVocabulary } from '../tokenizer/vocabulary.js';
import { doubt, warn } from '../warnings.js';
import { tellOverrides } from './check-quantized.js';
import { doubtEndTokens } from './end-tokens.js';
import { finishPlan } from './finish-plan.js';
import { convertedTensors, layOutConverted, layOutVocabulary, type NamedExpr, QUANTIZATION_VERSION } from './layout.js';
import type { Model } from './open-model.js';
import { type Asked, type ConvertParams, checkParams } from './params.js';
import type { PlannedFile, UnplacedPlan } from './plan.js';
import { probeVocabulary } from './probe.js';
import { readRequest } from './quantize-request.js';
import { sourceNames } from './source-names.js';
import { layOutAsked } from './target.js';

/**
 * Decides everything about the output.
 * @throws UsageError, UnsupportedError, SourceError; GateError with `strict`
 */
export async function makePlan(
  model: Model,
  params: ConvertParams,
  emit: (event: ConvertEvent) => void,
): Promise<UnplacedPlan> {
  const { repo, config, arch, checkpoint } = model;
  const { outType: askedOutType, ...asked } = checkParams(params);
  const text = textTensors(arch, checkpoint.values());
  const outType: OutType = askedOutType === 'auto' ? guessOutType(text.map(({ source }) => source)) : askedOutType;
  const tensors = params.vocabOnly ? [] : mapTensors(arch, config, checkpoint.values());
  const metadata = await loadMetadata({
    files: model.files,
    folderName: repo.name,
    ...(params.modelName !== undefined && { modelName: params.modelName }),
    ...(params.metadata !== undefined && { overrides: await readOverrides(params.metadata) }),
    parameterCounts: countParameters(tensors.map(({ name, expr }) => ({ name, shape: shapeOf(expr) }))),
    warn: (what) => warn({ emit }, what),
  });
  const { kv, tokenizer } = await keyValues({ model, params, metadata, outType, emit });
  await checkLoading({ model, params, kv, tensors, emit });
  const files = await planFiles({ repo, params, kv, tensors, metadata, outType, asked, emit });
  const planned = finishPlan({ repo, architecture: config.architecture, files, params, emit });
  const to = { emit, strict: params.strict };
  const vocabulary = probeVocabulary({ tokenizer, config, kv }, to);
  if (!params.vocabOnly) {
    doubtRope(config, { arch: arch.gguf, kv, tensors: tensors.map(({ name }) => name) }, to);
  }
  await doubtTemplates(kv.entries(), to);
  if (vocabulary) {
    const ends = { config: tokenizer.config, generationConfig: await generationConfig(model.files) };
    doubtEndTokens({ ...ends, kv, vocabulary }, to);
  }
  return planned;
}

interface LoadingSources extends Pick<FileSources, 'params' | 'kv' | 'tensors' | 'emit'> {
  readonly model: Model;
}

/** @throws UnloadableError where the configuration and the weights contradict each other; StrictError */
async function checkLoading({ model, params, kv, tensors, emit }: LoadingSources): Promise<void> {
  const { config, files } = model;
  const to = { emit, strict: params.strict };
  const names = sourceNames(tensors, config);
  if (params.vocabOnly) {
    // The reference writes those that llama.cpp does not load, and other programs may.
    tellFaults(findVocabularyFaults(kv, names), to);
    return;
  }
  const outlined = tensors.map(({ name, expr }) => ({ name, ne: [...shapeOf(expr)].reverse() }));
  checkFaults(findFaults({ kv, tensors: outlined }, names), to);
  // Of what config.json itself says: a class's default is not that of a class around it.
  const raw = await files.json('config.json');
  const isUntied = raw?.tie_word_embeddings === false && !/Model$/.test(config.architecture);
  if (isUntied && !tensors.some(({ name }) => name === OUTPUT)) {
    doubt(
      to,
      `config.json says that the output is not tied to the embedding, but there is no lm_head.weight (${OUTPUT}).`,
      'The embedding will serve as the output; check that all files were downloaded whole.',
    );
  }
}

const OUTPUT = 'output.weight';

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

interface KeyValuesAndTokenizer {
  readonly kv: KeyValues;
  /** What the vocabulary was made from. */
  readonly tokenizer: TokenizerFiles;
}

/** The key-values that the converter writes, in its order. */
async function keyValues({ model, params, metadata, outType, emit }: KeyValueSources): Promise<KeyValuesAndTokenizer> {
  const { files, config, arch } = model;
  const kv = new KeyValues().string('general.architecture', arch.gguf);
  writeMetadata(metadata, kv);
  await arch.hparams({ arch: arch.gguf, config, kv, fileType: FILE_TYPES[outType].id, files });
  kv.u32('general.quantization_version', QUANTIZATION_VERSION);
  const tokenizer = await writeVocabulary({
    files,
    config,
    kv,
    plan: arch.tokenizer ?? 'gpt2',
    ...(params.preTokenizer !== undefined && { preTokenizer: params.preTokenizer }),
    warn: (what, next) => warn({ emit }, what, next),
  });
  return { kv, tokenizer };
}

interface FileSources {
  readonly repo: Repo;
  readonly params: ConvertParams;
  readonly kv: KeyValues;
  readonly tensors: readonly NamedExpr[];
  readonly metadata: Metadata;
  readonly outType: OutType;
  readonly asked: Asked;
  emit(event: ConvertEvent): void;
}

async function planFiles(sources: FileSources): Promise<PlannedFile[]> {
  const { params, kv, tensors, metadata, outType, asked, emit } = sources;
  if (params.vocabOnly) {
    return [layOutVocabulary(outputName(metadata, '', 'vocab'), kv)];
  }
  const name = (type: string) => outputName(metadata, type);
  if (asked.quants.length === 0 && !asked.target) {
    return [layOutConverted(name(outType), kv, tensors, outType)];
  }
  const converted = convertedTensors(tensors, outType).map((tensor) => ({ ...tensor, part: 0, offset: 0 }));
  const request = await readRequest(params);
  tellOverrides({ kv, tensors: converted }, request, { emit, strict: params.strict });
  return layOutAsked({ kv, tensors: converted }, asked, request, name, sources);
}
