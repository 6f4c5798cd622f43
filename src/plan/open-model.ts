import type { Architecture } from '../archs/architecture.js';
import { ownTensors } from '../archs/map-tensors.js';
import { convertedMtp } from '../archs/mtp.js';
import { checkArchitecture, findArchitecture, UnsupportedArchitectureError } from '../archs/registry.js';
import {
  type Checkpoint,
  EMPTY_CHECKPOINT,
  MissingWeightsError,
  openCheckpoint,
  ShardIndexError,
  type WeightsName,
} from '../checkpoint/checkpoint.js';
import { readDenseTensors } from '../checkpoint/dense-tensors.js';
import { UnsupportedWeightsError } from '../checkpoint/pickle/errors.js';
import { decodeCheckpoint } from '../checkpoint/quantized/decode.js';
import type { Config, Facts, Known } from '../config/config.js';
import { loadConfig, loadMistralConfig } from '../config/load-config.js';
import { SourceError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { versionOf } from '../hf-tokenizer/version-5.js';
import { NoModelError, noModel } from '../repo/contents.js';
import { openRepo } from '../repo/open.js';
import { readTextFile } from '../repo/open-file.js';
import type { Repo, RepoFile } from '../repo/repo.js';
import { SmallFiles } from '../repo/small-files.js';
import type { NamedExpr } from '../tensor/expr.js';
import { BPE_ALONE, type TokenizerPlan } from '../tokenizer/plan.js';
import { checkParams } from './check-params.js';
import { gatherFacts } from './gather-facts.js';
import type { ConversionParams } from './params.js';
import { UnreadableOptionFileError } from './quantize-request.js';
import { refuseCodes } from './refuse-codes.js';
import { unknownClass } from './unknown-class.js';

/** A model whose configuration and headers are read and supported. */
export interface Model {
  readonly repo: Repo;
  readonly files: SmallFiles;
  readonly config: Config;
  readonly facts: Facts;
  readonly arch: Architecture;
  /** Whether it is read as one in Mistral's own format. */
  readonly isMistralFormat: boolean;
  /** For a vocabulary alone only `outtype: 'auto'` looks at it. It is empty where weights are missing then. */
  readonly checkpoint: Checkpoint;
  /** Where the vocabulary is read from, and how. */
  readonly vocabulary: { readonly files: SmallFiles; readonly plan: TokenizerPlan };
}

/** Opens a model. An unsupported class is refused before any header is read. @throws Hf2ggufError */
export async function openModel(params: ConversionParams, emit: (event: WaitEvent) => void = () => {}): Promise<Model> {
  const { outType } = checkParams(params);
  const own = params.archFile === undefined ? undefined : await readArchitectureFile(params.archFile);
  const repo = await openRepo(params.source, { ...params, emit });
  const files = new SmallFiles(repo, params.signal);
  const isMistralFormat = params.mistralFormat || holdsMistralFormat(await repo.list());
  if (!params.vocabOnly && !isMistralFormat) {
    await refuseWithoutWeights(files);
  }
  const config = isMistralFormat ? await readMistralConfig(files) : await readConfig(files);
  const weights = isMistralFormat ? 'consolidated' : 'model';
  const target = await openTarget(params, emit);
  const known = { config, facts: await gatherFacts(files, { target }) };
  const withMtp = (arch: Architecture, { tensors, blocks = [] }: Checkpoint): Config => {
    const names = () => ownTensors<NamedExpr>(arch, config, [...blocks, ...tensors]).map(({ name }) => name);
    return { ...config, mtp: convertedMtp(arch, known, { wanted: params.mtp, names }) };
  };
  const arch = own ? checkArchitecture(own, known, params.archFile) : await familyOf(known, files, params);
  const denseModules = arch.denseModules === true && params.sentenceTransformersDenseModules;
  const facts = await gatherFacts(files, { files: arch.files, denseModules, target });
  const vocabulary = await findVocabulary(arch, facts, files, target);
  const opened = { repo, files, facts, arch, isMistralFormat, vocabulary };
  if (params.vocabOnly) {
    const isRead = outType === 'auto' || arch.mtp?.counted !== undefined;
    const checkpoint = isRead ? await checkpointIfAny(files, weights, params.signal) : EMPTY_CHECKPOINT;
    return { ...opened, config: withMtp(arch, checkpoint), checkpoint };
  }
  const kept = await openCheckpoint(files, params.signal, weights);
  const { fp8AsQ8 = false, keepBlocks = false } = params;
  const asked = { fp8AsQ8, keepBlocks, family: arch.gguf };
  const checkpoint = await decodeCheckpoint(kept, config.hparams, files, asked);
  refuseCodes(arch, config, checkpoint);
  const { denseModules: file } = arch;
  const always = typeof file === 'string' && facts.has(file) ? [{ name: 'dense_2', file }] : [];
  const dense = await readDenseTensors(repo, [...facts.denseModules, ...always], params.signal);
  const tensors = [...dense, ...checkpoint.tensors];
  return { ...opened, config: withMtp(arch, checkpoint), checkpoint: { ...checkpoint, tensors } };
}

/**
 * The family of the model's class, or of the one that is asked for. Of a class that is unknown, the checkpoint's headers
 * show what it resembles.
 * @throws as `findArchitecture` does
 */
async function familyOf(known: Known, files: SmallFiles, params: ConversionParams): Promise<Architecture> {
  try {
    return findArchitecture(known, params.arch);
  } catch (error) {
    if (!(error instanceof UnsupportedArchitectureError) || params.vocabOnly) {
      throw error;
    }
    // Files that cannot be read tell nothing of the class.
    const { tensors } = await checkpointIfAny(files, 'model', params.signal).catch((cause) => {
      throw cause instanceof SourceError ? error : cause;
    });
    throw (tensors.length > 0 && unknownClass(known, tensors)) || error;
  }
}

/** What a file of the user's says of a family. The reader is loaded when it is needed. @throws ArchFileError */
async function readArchitectureFile(path: string): Promise<Architecture> {
  const text = await readTextFile(path, (reason, cause) => {
    const next = 'Give a file as "hf2gguf archs NAME --json" prints it.';
    return new UnreadableOptionFileError(`--arch-file ${path} cannot be read: ${reason}.`, next, { cause });
  });
  const { parseArchitectureFile } = await import('../archs/arch-file.js');
  return parseArchitectureFile(text, path);
}

/** config.json with the defaults of its class. @throws NoModelError */
export async function readConfig(files: SmallFiles): Promise<Config> {
  const raw = await files.json('config.json');
  if (!raw) {
    throw await noModel(files, 'config.json');
  }
  return loadConfig(raw, versionOf(await files.json('tokenizer_config.json')));
}

/** Whether the files are those of Mistral's own format alone. */
function holdsMistralFormat(listing: readonly RepoFile[]): boolean {
  const holds = (pattern: RegExp) => listing.some(({ path }) => pattern.test(path));
  return (
    holds(/^params\.json$/) &&
    holds(/^consolidated[^/]*\.safetensors$/) &&
    !holds(/^(config\.json|model[^/]*\.safetensors|pytorch_model[^/]*\.bin)$/)
  );
}

async function readMistralConfig(files: SmallFiles): Promise<Config> {
  const raw = await files.json('params.json');
  if (!raw) {
    throw new NoModelError(
      `${files.repo.id} has no params.json, which models in Mistral's own format have.`,
      'Leave --mistral-format out for a model in the format of transformers.',
    );
  }
  return loadMistralConfig(raw);
}

/** The files of the model that this one drafts for. */
async function openTarget(params: ConversionParams, emit: (event: WaitEvent) => void): Promise<SmallFiles | undefined> {
  const { targetModelDir } = params;
  return targetModelDir === undefined
    ? undefined
    : new SmallFiles(await openRepo(targetModelDir, { ...params, emit }), params.signal);
}

/** ref-quirk: `set_vocab` of draft models, in conversion/llama.py and conversion/qwen.py. @throws NoTargetModelError */
async function findVocabulary(
  { target: from, tokenizer: plan = BPE_ALONE }: Architecture,
  facts: Facts,
  files: SmallFiles,
  target: SmallFiles | undefined,
): Promise<Model['vocabulary']> {
  if (from === undefined) {
    return { files, plan };
  }
  if (!target) {
    facts.target();
  }
  const known = { files: target ?? files };
  if (from === 'files') {
    return { ...known, plan };
  }
  const config = await readConfig(known.files);
  const family = findArchitecture({ config, facts: await gatherFacts(known.files) });
  const { tokenizer = BPE_ALONE } = family;
  return { ...known, plan: { ...tokenizer, after: [...(tokenizer.after ?? []), ...(plan.after ?? [])] } };
}

/** Refuses a repository without weights whose files show that it is something else. @throws as `noModel` makes it */
async function refuseWithoutWeights(files: SmallFiles): Promise<void> {
  const hasWeights = (await files.repo.list()).some(({ path }) =>
    /^(model|pytorch_model)[^/]*\.(safetensors|bin|index\.json)$/.test(path),
  );
  const error = hasWeights ? null : await noModel(files, 'weights');
  if (error) {
    throw error;
  }
}

/** Opens the weights where only the vocabulary is converted: missing or unsupported ones are no error then. */
async function checkpointIfAny(files: SmallFiles, name: WeightsName, signal?: AbortSignal): Promise<Checkpoint> {
  try {
    return await openCheckpoint(files, signal, name);
  } catch (error) {
    const isMissing = [MissingWeightsError, ShardIndexError, UnsupportedWeightsError].some(
      (kind) => error instanceof kind,
    );
    if (isMissing) {
      return EMPTY_CHECKPOINT;
    }
    throw error;
  }
}
