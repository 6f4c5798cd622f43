import { dump } from 'js-yaml';
import { cardText } from '../metadata/values.js';
import { type YamlMap, YamlScalar, type YamlValue } from '../metadata/yaml.js';
import type { Manifest } from './manifest.js';
import type { SourceFacts } from './source-facts.js';

/** What is taken over from the source's card: who may do what with the model, and what it is for. */
const TAKEN = [
  ...['license', 'license_name', 'license_link', 'language', 'pipeline_tag', 'datasets', 'extra_gated_prompt'],
  ...['extra_gated_fields', 'extra_gated_heading', 'extra_gated_description', 'extra_gated_button_content'],
];
/** Tags that say how the source is kept, which is not how these files are. */
const OF_OTHER_FILES = /^(safetensors|pytorch|transformers|onnx|tf|jax|mlx|openvino|coreml)$/;

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * The metadata of the card: fields of the source's card, those of a quantized model, and the measured figures as
 * `model-index`. Fields that people added to the card that is there stay.
 * Format: model cards of the Hub (docs of "Model Cards", their `base_model_relation` and `model-index`).
 * @param before of the card that is there; empty where there is none.
 */
export function frontMatter(source: SourceFacts, name: string, manifest: Manifest, before: YamlMap): string {
  const taken = TAKEN.filter((key) => source.card.has(key)).map((key) => [key, plain(source.card.get(key) ?? null)]);
  const own: Record<string, Plain> = {
    ...Object.fromEntries(taken),
    ...(source.repo.revision !== null && { base_model: source.id, base_model_relation: 'quantized' }),
    tags: tagsOf(source.card),
    ...evaluations(source, name, manifest),
  };
  const others = [...before].flatMap(([key, value]) => {
    return typeof key === 'string' && !Object.hasOwn(own, key) && !REPLACED.has(key) ? [[key, plain(value)]] : [];
  });
  return dump({ ...own, ...Object.fromEntries(others) }, { lineWidth: -1 });
}

/** Fields that are ours even where this run has nothing to say in them. */
const REPLACED: ReadonlySet<string> = new Set([...TAKEN, 'model-index']);

function tagsOf(card: YamlMap): string[] {
  const given = [card.get('tags')].flat().flatMap((tag) => cardText(tag) ?? []);
  return [...new Set([...given.filter((tag) => !OF_OTHER_FILES.test(tag)), 'gguf', 'quantized'])];
}

function evaluations(source: SourceFacts, name: string, { check, files }: Manifest): { 'model-index'?: Plain } {
  const measured = files.flatMap((file) => (file.measured ? [{ ...file, measured: file.measured }] : []));
  if (!check || measured.length === 0) {
    return {};
  }
  const metrics = measured.flatMap(({ type, measured: { perplexity, kld } }) => [
    { type: 'perplexity', name: `Perplexity (${type})`, value: rounded(perplexity.value) },
    { type: 'kl_divergence', name: `Mean KL divergence from ${source.repo.name} (${type})`, value: rounded(kld.value) },
  ]);
  const dataset = { type: 'text', name: check.text === null ? "hf2gguf's bundled text" : check.text };
  return { 'model-index': [{ name, results: [{ task: { type: 'text-generation' }, dataset, metrics }] }] };
}

const rounded = (value: number) => Number(value.toPrecision(6));

/** A value of a card for another card. Scalars that are no text keep their spelling where JavaScript has no such value. */
function plain(value: YamlValue): Plain {
  if (value instanceof YamlScalar) {
    return value.kind === 'timestamp' || Number.isNaN(value.value) ? value.source : value.value;
  }
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, own]) => [cardText(key) ?? String(key), plain(own)]));
  }
  return Array.isArray(value) ? value.map(plain) : (value as string | null);
}
