import type { Architecture } from '../archs/architecture.js';
import { findArchitecture } from '../archs/registry.js';
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { SourceError, UnsupportedError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { isObject } from '../json.js';
import { openRepo } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import { SmallFiles } from '../repo/small-files.js';
import { type ConvertParams, checkParams } from './params.js';

export class NoConfigError extends SourceError {}
export class QuantizedSourceError extends UnsupportedError {}

/** A model that can be converted, as far as its configuration and its headers tell. */
export interface Model {
  readonly repo: Repo;
  readonly files: SmallFiles;
  readonly config: Config;
  readonly arch: Architecture;
  /** Empty for a vocabulary alone. */
  readonly checkpoint: Checkpoint;
}

/** Whether the class of the model is supported is known before any header is read. @throws Hf2ggufError */
export async function openModel(params: ConvertParams, emit: (event: WaitEvent) => void = () => {}): Promise<Model> {
  checkParams(params);
  const repo = await openRepo(params.source, { ...params, emit });
  const files = new SmallFiles(repo, params.signal);
  const config = await readConfig(files);
  const arch = findArchitecture(config, params.arch);
  if (params.vocabOnly) {
    return { repo, files, config, arch, checkpoint: new Map() };
  }
  refuseQuantized(config);
  const checkpoint = await openCheckpoint(files, params.signal);
  refuseFloat8(checkpoint);
  return { repo, files, config, arch, checkpoint };
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
    throw quantizedError(
      `The checkpoint is quantized already (${String(quantization.quant_method ?? 'quantization_config')})`,
    );
  }
}

function refuseFloat8(checkpoint: Checkpoint): void {
  for (const { name, file, dtype } of checkpoint.values()) {
    if (dtype === 'F8_E4M3' || dtype === 'F8_E5M2') {
      throw quantizedError(`Tensor ${name} of ${file} is of dtype ${dtype}`);
    }
  }
}

function quantizedError(what: string): QuantizedSourceError {
  return new QuantizedSourceError(
    `${what}, which this version does not read.`,
    'Convert the unquantized model that it was made from; its model card may name it as base_model.',
  );
}
