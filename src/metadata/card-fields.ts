import { SourceError } from '../errors.js';
import { MAX_MODEL_ID_LENGTH, MAX_REFERENCES } from '../limits.js';
import type { Metadata, Reference, TextKey } from './metadata.js';
import { REFERENCE_KEYS } from './metadata.js';
import { parseModelId, titleOf } from './model-id.js';
import { arrayOf, cardText } from './values.js';
import { type YamlMap, YamlScalar } from './yaml.js';

/** A list in a model card is longer than any model needs. */
export class CardLimitError extends SourceError {}

/** Field → its names in a model card, the first one that isn't null wins. */
const CARD_TEXTS: readonly (readonly [TextKey, ...string[]])[] = [
  ['name', 'name', 'model_name'],
  ['author', 'author', 'model_author', 'model_creator'],
  ['version', 'version', 'model_version'],
  ['organization', 'organization', 'model_organization'],
  ['description', 'description', 'model_description'],
  ['finetune', 'finetune', 'model_finetune'],
  ['basename', 'basename', 'model_basename', 'model_type'],
  ['size_label', 'size_label', 'model_size_label'],
  ['source.url', 'url', 'model_url'],
  ['source.doi', 'doi', 'model_doi'],
  ['source.uuid', 'uuid', 'model_uuid'],
  ['source.repo_url', 'repo_url', 'model_repo_url'],
  ['license', 'license'],
  ['license.name', 'license_name'],
  ['license.link', 'license_link'],
];

/** The model card's part of gguf-py's `Metadata.apply_metadata_heuristic`. */
export function applyModelCard(
  card: YamlMap,
  metadata: Metadata,
  totalParameters: number,
  warn: (message: string) => void,
): void {
  for (const [field, ...names] of CARD_TEXTS) {
    const name = names.find((key) => (card.get(key) ?? null) !== null);
    if (name === undefined) {
      continue;
    }
    const text = field === 'license' ? licenseOf(card.get(name)) : cardText(card.get(name));
    if (text === undefined) {
      warn(`"${name}" of the model card is no text and was left out.`);
    } else {
      metadata.texts[field] = text;
    }
  }
  const context = { totalParameters, warn };
  const baseModels = references(card, ['base_model', 'base_models', 'base_model_sources'], context);
  const datasets = references(card, ['datasets', 'dataset', 'dataset_sources'], context);
  const tags = list(card, ['tags', 'pipeline_tag']);
  const languages = list(card, ['languages', 'language']);
  Object.assign(
    metadata,
    baseModels && { baseModels },
    datasets && { datasets },
    tags && { tags },
    languages && { languages },
  );
}

function licenseOf(value: unknown): string | undefined {
  return Array.isArray(value) ? value.map((item) => cardText(item) ?? '').join(',') : cardText(value);
}

/** Strings and lists under several names, one after the other. */
function list(card: YamlMap, names: readonly string[]): Metadata['tags'] {
  const items = names.flatMap((name) => {
    const value = card.get(name);
    return typeof value === 'string' || Array.isArray(value) ? value : [];
  });
  return arrayOf(items);
}

interface ReferenceContext {
  readonly totalParameters: number;
  warn(message: string): void;
}

/** Undefined where the card has none of the names; the first name that it has counts, even if null. */
function references(card: YamlMap, names: readonly string[], context: ReferenceContext): Reference[] | undefined {
  const name = names.find((key) => card.has(key));
  if (name === undefined) {
    return undefined;
  }
  const value = card.get(name);
  const entries = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];
  if (entries.length > MAX_REFERENCES) {
    throw new CardLimitError(
      `The model card names ${entries.length} entries under "${name}", more than ${MAX_REFERENCES}.`,
      'Check that the repository holds the right file.',
    );
  }
  return entries.map((entry) => {
    if (typeof entry === 'string' && entry.length > MAX_MODEL_ID_LENGTH) {
      context.warn(`An entry of "${name}" in the model card has ${entry.length} characters and was left empty.`);
      return {};
    }
    if (typeof entry === 'string') {
      return referenceOf(entry, context.totalParameters);
    }
    if (entry instanceof Map) {
      return referenceFields((key) => entry.get(key));
    }
    context.warn(`An entry of "${name}" in the model card (${describe(entry)}) names nothing and was left empty.`);
    return {};
  });
}

/** An entry written out field by field. */
export function referenceFields(get: (key: string) => unknown): Reference {
  const pairs = REFERENCE_KEYS.map((key) => [key, cardText(get(key))] as const);
  return Object.fromEntries(pairs.filter(([, text]) => text !== undefined));
}

/** A base model by its Hub name or address. The name is parsed as if it had as many parameters as this model. */
function referenceOf(id: string, totalParameters: number): Reference {
  const isUrl = /^(?:https?|ssh):\/\//.test(id);
  const hubId = isUrl ? /^https?:\/\/huggingface.co\/([^/]+\/[^/]+)$/u.exec(id)?.[1] : id;
  if (hubId === undefined) {
    return { repo_url: id };
  }
  const { fullName, organization, version } = parseModelId(hubId, totalParameters);
  // An absolute path has an organization too: an empty one.
  const hubUrl = organization === undefined ? undefined : `https://huggingface.co/${organization}/${fullName}`;
  const repoUrl = isUrl ? id : hubUrl;
  return {
    name: titleOf(fullName),
    ...(organization !== undefined && { organization: titleOf(organization) }),
    ...(version !== undefined && { version }),
    ...(repoUrl !== undefined && { repo_url: repoUrl }),
  };
}

function describe(entry: unknown): string {
  return entry instanceof YamlScalar ? entry.source : Array.isArray(entry) ? 'a list' : 'null';
}
