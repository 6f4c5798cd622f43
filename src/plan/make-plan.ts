import { fuse } from '../archs/fuse.js';
import { mapTensors, ownTensors } from '../archs/map-tensors.js';
import { writeKeys } from '../archs/write-keys.js';
import type { Jobs } from '../async/jobs.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Known } from '../config/config.js';
import { checkLayerLists } from '../config/layer-lists.js';
import { KeyValues } from '../gguf/key-values.js';
import { blockSize } from '../gguf/types.js';
import type { TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { doubtTemplates } from '../jinja/doubt-templates.js';
import { convertedTensors, layOutConverted, layOutVocabulary, QUANTIZATION_VERSION } from '../layout/layout.js';
import type { PlannedFile, UnplacedPlan } from '../layout/plan.js';
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
import type { NamedExpr } from '../tensor/expr.js';
import { dtypeOf, shapeOf } from '../tensor/rows.js';
import { writeVocabulary } from '../tokenizer/write-vocabulary.js';
import { doubt, warn } from '../warnings.js';
import { checkExperts } from './check-experts.js';
import { checkIndexers } from './check-indexers.js';
import { type Asked, checkParams } from './check-params.js';
import { tellOverrides } from './check-quantized.js';
import { chosenFiles } from './chosen-files.js';
import { doubtEndTokens } from './end-tokens.js';
import { finishPlan } from './finish-plan.js';
import type { Inputs } from './inputs.js';
import { keptParts } from './kept-parts.js';
import type { Model } from './open-model.js';
import type { ConversionParams } from './params.js';
import type { PlanningEvent } from './planning-event.js';
import { probeVocabulary } from './probe.js';
import type { QuantizeRequest } from './quantized.js';
import { tellQuantizedSource } from './quantized-source.js';
import { readProbes } from './read-probes.js';
import { doubtRope } from './rope-doubts.js';
import { sourceNames } from './source-names.js';
import { splitAll } from './split-parts.js';
import { layOutAsked } from './target.js';
import { withinTime } from './within-time.js';

/**
 * Decides everything about the output.
 * @param headersOnly for a target size: find out whether it can be met, and measure nothing.
 * @throws UsageError, UnsupportedError, SourceError; GateError with `strict`
 */
export async function makePlan(
  model: Model & Inputs,
  params: ConversionParams & Jobs,
  emit: (event: PlanningEvent) => void,
  headersOnly = false,
): Promise<UnplacedPlan> {
  const { repo, config, arch, checkpoint, request, overrides } = model;
  const { outType: askedOutType, ...asked } = checkParams(params);
  const outType: OutType = askedOutType === 'auto' ? guessed(model) : askedOutType;
  const fileType = fileTypeOf(outType, checkpoint);
  const own = { config, facts: model.facts };
  if (!params.vocabOnly && arch.gguf !== 'clip') {
    checkLayerLists(config, (await model.files.json('config.json')) ?? {});
  }
  const probes = params.vocabOnly
    ? undefined
    : await readProbes(arch, checkpoint.tensors, { repo, known: own, params });
  const known = { ...own, ...(probes && { probes }) };
  const tensors = params.vocabOnly
    ? []
    : fuse(arch, known, mapTensors(arch, known, checkpoint.tensors, checkpoint.blocks), params);
  const metadata = await loadMetadata({
    files: model.files,
    folderName: repo.name,
    ...(params.modelName !== undefined && { modelName: params.modelName }),
    ...(overrides && { overrides }),
    parameterCounts: countParameters(tensors.map(({ name, expr }) => ({ name, shape: shapeOf(expr) }))),
    warn: (what) => warn({ emit }, what),
  });
  if (params.targetModelDir !== undefined && arch.target === undefined) {
    warn({ emit }, '--target-model-dir has no effect: the model drafts for no other.', 'Leave it out.');
  }
  if (model.isMistralFormat && !params.mistralFormat) {
    warn(
      { emit },
      `${repo.id} is read as a model in Mistral's own format: it has params.json and no config.json.`,
      'With --mistral-format that goes without saying.',
    );
  }
  if (!params.vocabOnly && checkpoint.tensors.some(({ name }) => OWN_ADAPTER.test(name))) {
    warn(
      { emit },
      "The model's adapters for tasks are not written: embeddings are those of the model without them.",
      "llama.cpp's convert_hf_to_gguf.py writes them to files of their own.",
    );
  }
  const guesses: Guess[] = [];
  const { kv, tokenizer } = await keyValues({ model, known, params, metadata, fileType: fileType.id, guesses, emit });
  checkExperts(tensors, kv, arch.gguf, { emit, strict: params.strict });
  if (!params.vocabOnly) {
    checkIndexers(tensors, kv, arch.gguf);
  }
  await checkLoading({ model, params, kv, tensors, emit });
  const kind = params.mtp && !arch.mtp?.plainName ? 'mtp' : 'model';
  const name = (type: string) => outputName(metadata, type, kind);
  const whole = await planFiles({
    repo,
    params,
    name,
    kv,
    tensors,
    metadata,
    outType,
    fileType: fileType.name,
    asked,
    request,
    headersOnly,
    emit,
  });
  const all = splitAll(whole, params, request ? 'gguf-split' : 'converter', emit);
  const files = chosenFiles(all, params);
  const planned = finishPlan({ repo, architecture: config.architecture, files, params, emit });
  const to = { emit, strict: params.strict };
  const types = [outType, ...asked.quants].map((type) => FILE_TYPES[type].type);
  const isQuantized = asked.targets.length > 0 || types.some((type) => type !== null && blockSize(type) > 1);
  const source = { checkpoint, id: repo.id, config: await model.files.json('config.json'), metadata, isQuantized };
  tellQuantizedSource(source, to);
  const { vocabulary, agrees } = probeVocabulary({ tokenizer, config, kv, withinTime }, to);
  if (params.sentenceTransformersDenseModules && model.facts.denseModules.length === 0) {
    doubt(to, '--sentence-transformers-dense-modules has no effect: the model has no Dense layers.', 'Leave it out.');
  }
  if (!agrees) {
    for (const { what, next } of guesses) {
      doubt(to, what, next);
    }
  }
  if (!params.vocabOnly) {
    doubtRope(config, { arch: arch.gguf, kv, tensors: tensors.map(({ name }) => name) }, to);
  }
  await doubtTemplates(kv.entries(), to);
  if (vocabulary) {
    const ends = { config: tokenizer.config, generationConfig: await generationConfig(model.files) };
    doubtEndTokens({ ...ends, kv, vocabulary }, to);
  }
  return params.vocabOnly
    ? planned
    : { ...planned, kept: keptParts([...(checkpoint.blocks ?? []), ...checkpoint.tensors]) };
}

/** Of adapters that are a part of the model, as Jina's embeddings v3 has them. */
const OWN_ADAPTER = /\.0\.lora_[AB]$/;

function guessed({ arch, config, checkpoint: { raw, guessedFrom = raw } }: Model): OutType {
  const own = ownTensors<NamedExpr>(arch, config, guessedFrom);
  return guessOutType(own.map(({ tensor: { expr } }) => ({ dtype: dtypeOf(expr), shape: shapeOf(expr) })));
}

/**
 * The file type in the file and in its name. ref-quirk: `prepare_metadata` in conversion/base.py names files of floats after
 * the blocks in them.
 */
function fileTypeOf(outType: OutType, { fileType }: Checkpoint): { readonly name: string; readonly id: number } {
  const isFloat = blockSize(FILE_TYPES[outType].type) === 1;
  return fileType && (isFloat || fileType.always) ? fileType : { name: outType, id: FILE_TYPES[outType].id };
}

/** A guess that was made on the way. The user learns of it unless the probe shows that the vocabulary is right. */
interface Guess {
  readonly what: string;
  readonly next: string;
}

interface LoadingSources extends Pick<FileSources, 'params' | 'kv' | 'tensors' | 'emit'> {
  readonly model: Model;
}

/** @throws UnloadableError where the configuration and the weights contradict each other; StrictError */
async function checkLoading({ model, params, kv, tensors, emit }: LoadingSources): Promise<void> {
  const { config, files, arch } = model;
  const to = { emit, strict: params.strict };
  const names = sourceNames(tensors, arch, config);
  if (params.vocabOnly) {
    // The reference also writes a vocabulary that llama.cpp does not load: other programs may load it.
    tellFaults(findVocabularyFaults(kv, names), to);
    return;
  }
  const outlined = tensors.map(({ name, expr }) => ({ name, ne: [...shapeOf(expr)].reverse() }));
  checkFaults(findFaults({ kv, tensors: outlined }, names), to);
  // Only what config.json itself says counts: a nested class and the class around it have different defaults.
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

interface KeyValueSources {
  readonly model: Model;
  readonly known: Known;
  readonly params: ConversionParams;
  readonly metadata: Metadata;
  /** `general.file_type` */
  readonly fileType: number;
  readonly guesses: Guess[];
  emit(event: PlanningEvent): void;
}

interface KeyValuesAndTokenizer {
  readonly kv: KeyValues;
  /** The files that the vocabulary was made from. */
  readonly tokenizer: TokenizerFiles;
}

/** The key-values that the converter writes, in its order. */
async function keyValues(sources: KeyValueSources): Promise<KeyValuesAndTokenizer> {
  const { model, known, params, metadata, fileType, guesses, emit } = sources;
  const { config, arch, vocabulary } = model;
  const kv = new KeyValues().string('general.architecture', arch.gguf);
  // A draft model's are written first of all, other ones as the reference goes over the tensors.
  if (!params.vocabOnly || arch.target !== undefined) {
    writeKeys({ gguf: arch.gguf, keys: arch.firstKeys ?? [] }, known, kv);
  }
  writeMetadata(metadata, kv);
  writeKeys(arch, { ...known, fileType }, kv);
  kv.u32('general.quantization_version', QUANTIZATION_VERSION);
  const context = {
    files: vocabulary.files,
    config,
    kv,
    ...(params.preTokenizer !== undefined && { preTokenizer: params.preTokenizer }),
    ...(model.isMistralFormat && { communityTemplate: !params.disableMistralCommunityChatTemplate }),
    withinTime,
    warn: (what: string, next?: string) => warn({ emit }, what, next),
    guess: (what: string, next: string) => guesses.push({ what, next }),
  };
  const tokenizer = await writeVocabulary(context, vocabulary.plan);
  return { kv, tokenizer };
}

interface FileSources {
  readonly repo: Repo;
  readonly params: ConversionParams & Jobs;
  readonly kv: KeyValues;
  readonly tensors: readonly NamedExpr[];
  readonly metadata: Metadata;
  /** The name of a file of a type. */
  name(type: string): string;
  readonly outType: OutType;
  /** Its name for files that are not quantized. */
  readonly fileType: string;
  readonly asked: Asked;
  readonly request: QuantizeRequest | null;
  readonly headersOnly: boolean;
  emit(event: PlanningEvent): void;
}

async function planFiles(sources: FileSources): Promise<PlannedFile[]> {
  const { params, kv, tensors, metadata, name, outType, fileType, asked, request, emit } = sources;
  if (params.vocabOnly) {
    return [layOutVocabulary(outputName(metadata, '', 'vocab'), kv)];
  }
  if (!request) {
    return [layOutConverted(name(fileType), kv, tensors, outType, fileType)];
  }
  const converted = convertedTensors(tensors, outType).map((tensor) => ({ ...tensor, part: 0, offset: 0 }));
  if (request) {
    tellOverrides({ kv, tensors: converted }, request, { emit, strict: params.strict });
  }
  return layOutAsked({ kv, tensors: converted }, asked, request, name, sources);
}
