import type { JsonObject } from '../json.js';
import { isObject } from '../json.js';
import { MAX_MODEL_ID_LENGTH } from '../limits.js';
import type { SmallFiles } from '../repo/small-files.js';
import { applyModelCard, referenceFields } from './card-fields.js';
import { type Metadata, type Reference, SAMPLING_KEYS, STRING_KEYS, type TextKey } from './metadata.js';
import { readModelCard } from './model-card.js';
import { type ModelId, parseModelId, titleOf } from './model-id.js';
import { readSampling, setSampling } from './sampling.js';
import { type ParameterCounts, sizeLabel } from './size-label.js';
import { arrayOf, cardText } from './values.js';

export interface MetadataSource {
  readonly files: SmallFiles;
  /** The repository's name without the organization: what a local clone's folder is called. */
  readonly folderName: string;
  /** `--model-name`: the last word on `general.name`. */
  readonly modelName?: string;
  /** `--metadata FILE`: keys as in the output, and `general.base_models`, `general.datasets` as lists of objects. */
  readonly overrides?: JsonObject;
  /** Of the output's tensors; `NO_PARAMETERS` for a vocabulary alone. */
  readonly parameterCounts: ParameterCounts;
  /** Called with each warning. */
  warn?(message: string): void;
}

/**
 * All of `general.*` that describes the model: from the model card, then config.json's `_name_or_path`, then the folder's
 * name; generation_config.json for sampling; overrides last. After gguf-py's `Metadata.load` and the converter's
 * `prepare_metadata` (conversion/base.py).
 * @throws SourceError when config.json can't be read.
 */
export async function loadMetadata(source: MetadataSource): Promise<Metadata> {
  const { files, folderName, modelName, overrides = {}, parameterCounts, warn = () => {} } = source;
  const metadata: Metadata = { sampling: await readSampling(files, warn), texts: {} };
  applyModelCard(await readModelCard(files, warn), metadata, parameterCounts.total, warn);

  const nameOrPath = (await files.json('config.json'))?._name_or_path;
  if (typeof nameOrPath === 'string' && nameOrPath.length > MAX_MODEL_ID_LENGTH) {
    warn(`_name_or_path in config.json has ${nameOrPath.length} characters and was left out.`);
  } else if (typeof nameOrPath === 'string' && nameOrPath.split('/').length <= 2) {
    applyModelId(parseModelId(nameOrPath, parameterCounts.total), metadata);
  }
  applyModelId(parseModelId(folderName, parameterCounts.total), metadata);
  applyOverrides(overrides, metadata, warn);
  if (modelName !== undefined) {
    metadata.texts.name = modelName;
  }
  metadata.texts.name ??= folderName;
  if (parameterCounts.total > 0) {
    metadata.texts.size_label ??= sizeLabel(parameterCounts);
  }
  return metadata;
}

function applyModelId(id: ModelId, { texts }: Metadata): void {
  const found: Partial<Record<TextKey, string | undefined>> = {
    name: titleOf(id.fullName),
    organization: id.organization === undefined ? undefined : titleOf(id.organization),
    basename: id.basename,
    finetune: id.finetune,
    version: id.version,
    size_label: id.sizeLabel,
  };
  for (const [key, text] of Object.entries(found) as [TextKey, string | undefined][]) {
    if (text !== undefined) {
      texts[key] ??= text;
    }
  }
}

/** A null unsets. `general.license` is not among the keys that the reference lets be overridden. */
function applyOverrides(overrides: JsonObject, metadata: Metadata, warn: (message: string) => void): void {
  const refuse = (key: string) => warn(`"${key}" of the metadata file has the wrong type and was left out.`);
  for (const key of SAMPLING_KEYS) {
    const value = overrides[`general.sampling.${key}`];
    if (value !== undefined) {
      setSampling(metadata.sampling, key, value, () => refuse(`general.sampling.${key}`));
    }
  }
  for (const key of STRING_KEYS) {
    const value = overrides[`general.${key}`];
    const text = cardText(value);
    if (key === 'license' || value === undefined) {
      continue;
    }
    if (text !== undefined) {
      metadata.texts[key] = text;
    } else if (value === null) {
      delete metadata.texts[key];
    } else {
      refuse(`general.${key}`);
    }
  }
  for (const key of ['tags', 'languages'] as const) {
    override(overrides, `general.${key}`, metadata, key, refuse, (items) => arrayOf(items));
  }
  override(overrides, 'general.base_models', metadata, 'baseModels', refuse, toReferences);
  override(overrides, 'general.datasets', metadata, 'datasets', refuse, toReferences);
}

function override<K extends 'tags' | 'languages' | 'baseModels' | 'datasets'>(
  overrides: JsonObject,
  key: string,
  metadata: Metadata,
  field: K,
  refuse: (key: string) => void,
  read: (items: readonly unknown[]) => Metadata[K] | undefined,
): void {
  const value = overrides[key];
  const result = Array.isArray(value) ? read(value) : undefined;
  if (result) {
    metadata[field] = result;
  } else if (value === null || Array.isArray(value)) {
    delete metadata[field];
  } else if (value !== undefined) {
    refuse(key);
  }
}

function toReferences(items: readonly unknown[]): Reference[] {
  return items.map((item) => (isObject(item) ? referenceFields((key) => item[key]) : {}));
}
