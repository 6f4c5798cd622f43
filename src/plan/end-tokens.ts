import type { KeyValues } from '../gguf/key-values.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { listed } from '../listed.js';
import { accidentalEnd, namedToken } from '../tokenize/accidental-end.js';
import type { Vocabulary } from '../tokenize/vocabulary.js';
import { type DoubtSink, doubt } from '../warnings.js';

export interface EndSources {
  /** config.json as it stands. */
  readonly config: JsonObject | null;
  /** generation_config.json as it stands, or nothing. */
  readonly generationConfig: JsonObject;
  /** Those of the file to be written. */
  readonly kv: KeyValues;
  /** The same, opened. */
  readonly vocabulary: Vocabulary;
}

/** Ids that a message names one by one; released models have fewer than ten. */
const MOST_SHOWN = 16;

/**
 * Says where llama.cpp will end a text otherwise than transformers does: the converter takes one end token from the
 * tokenizer or config.json, and llama.cpp adds those that it knows by their text.
 * @throws StrictError with `strict`
 */
export function doubtEndTokens({ config, generationConfig, kv, vocabulary }: EndSources, to: DoubtSink): void {
  const wanted = wantedEnds(config, generationConfig);
  const missing = wanted.ids.filter((id) => !vocabulary.endOfGeneration.has(id));
  const accident = accidentalEnd(kv, vocabulary);
  const isAccident = accident !== null && !wanted.ids.includes(accident);
  if (missing.length === 0 && !isAccident && vocabulary.endOfGeneration.size > 0) {
    return;
  }
  const said =
    wanted.ids.length > 0
      ? `${wanted.file} ends a text at ${wanted.ids.length > MOST_SHOWN ? listed(wanted.ids.map(String)) : wanted.ids.join(', ')}`
      : 'Neither the tokenizer nor config.json names a token that ends a text';
  const lost = missing.length > 0 ? [`goes on after ${listed(missing.map((id) => namedToken(vocabulary, id)))}`] : [];
  const wrong = isAccident ? [`takes ${namedToken(vocabulary, accident)} for the end, since the file names none`] : [];
  const never = vocabulary.endOfGeneration.size === 0 ? ['never ends one'] : [];
  const id = missing[0] ?? wanted.ids[0] ?? 'ID';
  doubt(
    to,
    `${said}, but llama.cpp ${[...lost, ...wrong, ...never].join(' and ')}.`,
    `Name the token in the file: hf2gguf edit FILE --set tokenizer.ggml.${isAccident ? 'eos' : 'eot'}_token_id=u32:${id}.`,
  );
}

/** Those that transformers ends a text at, and the file that says so. */
function wantedEnds(
  config: JsonObject | null,
  generationConfig: JsonObject,
): { readonly ids: readonly number[]; readonly file: string } {
  const generation = idsOf(generationConfig.eos_token_id);
  if (generation.length > 0) {
    return { ids: generation, file: 'generation_config.json' };
  }
  const text = isObject(config?.text_config) ? config.text_config : null;
  return { ids: idsOf(config?.eos_token_id ?? text?.eos_token_id), file: 'config.json' };
}

function idsOf(value: Json | undefined): number[] {
  const list: readonly Json[] = Array.isArray(value) ? value : [value ?? null];
  const ids = list.filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0);
  return [...new Set(ids)];
}
