import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEncoder } from '#src/hf-tokenizer/encoder.js';
import type { JsonObject } from '#src/json.js';
import { BPE_ALONE } from '#src/tokenizer/plan.js';
import { fixtures } from '../paths.js';
import { valueAt, vocabularyOf } from '../tokenizer/tiny.js';
import { autoTokenizerOf } from './auto.js';

// Expected values: transformers 4.57.6, or 5.23.0, with the same files; test/fixtures/added-tokens/record.py.
interface Expected {
  /** By id. */
  readonly tokens: readonly string[];
  readonly added: Readonly<Record<string, JsonObject>>;
  readonly special: readonly number[];
  readonly ids: readonly number[];
  readonly ids_special: readonly number[];
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(fixtures, 'added-tokens', name), 'utf8')) as T;
}

type Cases = Readonly<Record<string, Record<string, JsonObject>>>;

const { text, tokenizer, ...versions } = read<{
  text: string;
  tokenizer: JsonObject;
  cases: Cases;
  'version 5': Cases;
}>('cases.json');

function recorded(cases: Cases, name: string): [string, Record<string, JsonObject>, Expected][] {
  return Object.entries(read<Record<string, Expected>>(name)).map(([key, expected]) => [
    key,
    cases[key] ?? {},
    expected,
  ]);
}

describe.each([...recorded(versions.cases, 'expected.json'), ...recorded(versions['version 5'], 'expected-5.json')])(
  '%s',
  (_, files, expected) => {
    const json = { ...tokenizer, ...files['tokenizer.json'] };
    const auto = autoTokenizerOf({
      tokenizer: json,
      tokenizerConfig: files['tokenizer_config.json'] ?? null,
      specialTokensMap: files['special_tokens_map.json'] ?? null,
      addedTokens: files['added_tokens.json'] ?? null,
      config: files['config.json'] ?? null,
    });

    test('the tokens that are added, with their flags and roles', () => {
      const added = Array.from(auto.tokens.added, ([id, { singleWord, ...token }]) => [
        id,
        { ...token, single_word: singleWord },
      ]);
      expect(Object.fromEntries(added)).toEqual(expected.added);
      expect([...auto.specialIds].sort((a, b) => a - b)).toEqual(expected.special);
    });

    test('are those that text is encoded with', () => {
      const encoder = loadEncoder(auto);
      expect(encoder.encode(text, { addSpecialTokens: false })).toEqual(expected.ids);
      expect(encoder.encode(text)).toEqual(expected.ids_special);
    });

    test('are those that are written', async () => {
      const { kv } = await vocabularyOf({ 'config.json': {}, ...files, 'tokenizer.json': json }, BPE_ALONE);
      expect(valueAt(kv, 'tokenizer.ggml.tokens')).toEqual(expected.tokens);
    });
  },
);
