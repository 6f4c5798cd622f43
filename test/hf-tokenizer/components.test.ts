import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEncoder } from '#src/hf-tokenizer/encoder.js';
import { compileOniguruma } from '#src/hf-tokenizer/oniguruma.js';
import { PatternError } from '#src/hf-tokenizer/oniguruma-syntax.js';
import type { JsonObject } from '#src/json.js';
import { splitText } from '#src/text/split.js';
import { fixtures } from '../paths.js';
import { autoTokenizerOf } from './auto.js';

// Expected values: tokenizers 0.22.2 as loaded by transformers 4.57.6 (AutoTokenizer) from the same parts.
interface Case {
  readonly name: string;
  readonly base: string;
  readonly parts: JsonObject;
  readonly model?: JsonObject;
  readonly pairs?: boolean;
  readonly config: JsonObject | null;
  /** Id → content of the added tokens. */
  readonly added: Readonly<Record<string, string>>;
  /** For each text: ids, ids with special tokens, the ids decoded. */
  readonly records: readonly (readonly [number[], number[], string])[];
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(fixtures, 'tokenizer-encoder', file), 'utf8')) as T;
}

const { texts, models } = read<{ texts: string[]; models: Record<string, JsonObject> }>('models.json');
const cases = read<Case[]>('components.json');

function tokenizerJson(entry: Case): JsonObject {
  const model = { ...models[entry.base], ...entry.model };
  const merges = model.merges as readonly string[] | undefined;
  return {
    ...entry.parts,
    model: entry.pairs && merges ? { ...model, merges: merges.map((merge) => merge.split(' ')) } : model,
  };
}

describe('components of tokenizer.json', () => {
  test.each(cases.map((entry) => [entry.name, entry] as const))('%s', (_, entry) => {
    const auto = autoTokenizerOf({ tokenizer: tokenizerJson(entry), tokenizerConfig: entry.config });
    const encoder = loadEncoder(auto);
    const added = Array.from(auto.tokens.added, ([id, token]) => [String(id), token.content]);
    expect(Object.fromEntries(added)).toEqual(entry.added);
    expect(entry.records).toHaveLength(texts.length);
    entry.records.forEach(([ids, special, decoded], i) => {
      const text = texts[i] ?? '';
      expect({ text, ids: encoder.encode(text, { addSpecialTokens: false }) }).toEqual({ text, ids });
      expect({ text, ids: encoder.encode(text) }).toEqual({ text, ids: special });
      expect({ text, decoded: encoder.decode(ids) }).toEqual({ text, decoded });
    });
  });
});

describe('patterns of Oniguruma', () => {
  const patterns = read<{ split: [string, string, string[]][]; rejected: string[] }>('patterns.json');

  test.each(patterns.split)('%j splits %j', (pattern, text, pieces) => {
    expect(splitText(text, compileOniguruma(pattern), 'Isolated')).toEqual(pieces);
  });

  test.each(patterns.rejected)('%j is refused, not misread', (pattern) => {
    expect(() => compileOniguruma(pattern)).toThrow(PatternError);
  });
});
