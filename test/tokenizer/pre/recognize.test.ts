import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#src/json.js';
import { FINGERPRINTS, PRE_TOKENIZER_NAMES } from '#src/tokenizer/pre/fingerprints.js';
import {
  PreTokenizerNameError,
  type RecognizedPreTokenizer,
  recognizePreTokenizer,
  UnknownPreTokenizerError,
} from '#src/tokenizer/pre/recognize.js';
import { autoTokenizerOf } from '../../hf-tokenizer/auto.js';
import { dataTest, fixtures } from '../../paths.js';

interface Case {
  readonly name: string;
  readonly pre: string;
  readonly sha256: string;
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject;
}

// Released tokenizers cut down to the tokens and merges that the check text can meet: the ids stay the same.
const known: Case[] = JSON.parse(readFileSync(join(fixtures, 'tokenizer-pre', 'fingerprints.json'), 'utf8'));

interface Sources {
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject | null;
}

function recognize({ tokenizerJson, tokenizerConfig }: Sources, override?: string): RecognizedPreTokenizer {
  return recognizePreTokenizer(autoTokenizerOf({ tokenizer: tokenizerJson, tokenizerConfig }), override);
}

describe('recognition by fingerprint', () => {
  test.each(known.map((entry) => [entry.name, entry] as const))('%s', (_, entry) => {
    expect(recognize(entry)).toEqual({ name: entry.pre, by: 'fingerprint', sha256: entry.sha256 });
  });

  test('the last of equal fingerprints counts, as in the reference', () => {
    const bert = FINGERPRINTS.filter(([sha256]) => sha256.startsWith('0876d13b'));
    expect(bert.map(([, name]) => name)).toEqual(['bert-bge', 'jina-v2-en']);
    expect(recognize(known.find((entry) => entry.name === 'minilm') as Case).name).toBe('jina-v2-en');
  });

  dataTest('the table is that of the reference, row for row', (data) => {
    const page = readFileSync(join(data, 'corpus-tokenizers', 'pre-table.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([0-9a-f]{64})` \| (\S+) \|/gm)].map(([, sha256, name]) => [sha256, name]);
    expect(rows).toHaveLength(97);
    expect(FINGERPRINTS).toEqual(rows);
    const names = page.slice(page.indexOf('## Names'), page.indexOf('## Regular'));
    const listed = [...names.matchAll(/^\| (\S+)(?: \(no fingerprint\))? \| [A-Z(]/gm)].map(([, name]) => name);
    expect(PRE_TOKENIZER_NAMES).toEqual([...listed].sort());
  });
});

/** A tokenizer of another vocabulary that splits like the known one. */
function revocabularized(name: string): { tokenizerJson: JsonObject; tokenizerConfig: JsonObject } {
  const { tokenizerJson, tokenizerConfig } = known.find((entry) => entry.name === name) as Case;
  const model = tokenizerJson.model as JsonObject;
  return {
    tokenizerJson: { ...tokenizerJson, model: { ...model, merges: (model.merges as readonly string[]).slice(50) } },
    tokenizerConfig,
  };
}

describe('recognition by structure', () => {
  const expected: [string, string][] = [
    ['gpt2', 'gpt-2'],
    ['qwen2_5', 'qwen2'],
    ['mistral_nemo', 'tekken'],
    ['smollm2', 'smollm'],
    ['command_r_plus-bos', 'command-r'],
    ['deepseek_v3-bos', 'deepseek-v3'],
    ['vocab-gemma-4', 'gemma4'],
    // A BOS is configured, but nothing puts it there: the fingerprint says smaug-bpe, the structure Llama 3.
    ['llama3', 'llama-bpe'],
  ];
  test.each(expected)('%s with another vocabulary is %s', (name, pre) => {
    expect(recognize(revocabularized(name))).toMatchObject({ name: pre, by: 'structure' });
  });

  test('Llama 3 without a BOS is smaug-bpe, of class GPT2 dbrx, with [gMASK] glm4', () => {
    const { tokenizerJson, tokenizerConfig } = revocabularized('llama3');
    const name = (config: JsonObject, json: JsonObject = {}): string =>
      recognize({
        tokenizerJson: { ...tokenizerJson, ...json },
        tokenizerConfig: { ...tokenizerConfig, ...config },
      }).name;
    const token = (content: string): JsonObject => ({ id: 0, content, special: true });
    expect(name({ bos_token: null })).toBe('smaug-bpe');
    expect(name({ bos_token: null, tokenizer_class: 'GPT2Tokenizer' })).toBe('dbrx');
    expect(name({}, { added_tokens: [token('[gMASK]'), token('<sop>')] })).toBe('glm4');
  });

  // The names whose class the checker takes for the same, and the cases that the issue lists for it.
  dataTest('the small tokenizers of the corpus come out in the class of their name', (data) => {
    const classes: string[][] = JSON.parse(readFileSync(join(data, 'tools', 'pre-classes.json'), 'utf8'));
    const cases = readdirSync(join(data, 'corpus')).filter((name) =>
      /^(llama|llama-merge|llama-model|ministral3|qwen2|qwen3|smollm3|tok-bpe-.*|tok-post-.*|tok-tmpl-.*|tok-qwen2-.*)$/.test(
        name,
      ),
    );
    expect(cases.length).toBeGreaterThan(30);
    for (const name of cases) {
      const folder = join(data, 'corpus', name);
      const { repo, pre } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
      const config = join(folder, 'source', repo, 'tokenizer_config.json');
      const found = recognize({
        tokenizerJson: JSON.parse(readFileSync(join(folder, 'source', repo, 'tokenizer.json'), 'utf8')),
        tokenizerConfig: existsSync(config) ? JSON.parse(readFileSync(config, 'utf8')) : null,
      }).name;
      const same = classes.find((names) => names.includes(pre)) ?? [pre];
      expect({ name, found, same: same.includes(found) }).toEqual({ name, found, same: true });
    }
  });
});

describe('an unknown pre-tokenizer', () => {
  const strange = {
    tokenizerJson: {
      model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
      pre_tokenizer: { type: 'Split', pattern: { Regex: 'strange' }, behavior: 'Isolated' },
    },
    tokenizerConfig: null,
  };

  test('is an error that offers --pre-tokenizer', () => {
    expect(() => recognize(strange)).toThrow(UnknownPreTokenizerError);
    expect(() => recognize(strange)).toThrow(/--pre-tokenizer NAME/);
  });

  test('so is one with a component or a pattern that is not known', () => {
    for (const pre_tokenizer of [
      { type: 'FixedLength', length: 5 },
      { type: 'Split', pattern: { Regex: '(a)\\1' }, behavior: 'Isolated' },
    ]) {
      const tokenizerJson = { ...strange.tokenizerJson, pre_tokenizer };
      expect(() => recognize({ tokenizerJson, tokenizerConfig: null })).toThrow(/--pre-tokenizer NAME/);
    }
  });

  test('--pre-tokenizer wins, over a known one too', () => {
    expect(recognize(strange, 'llama-bpe')).toMatchObject({
      name: 'llama-bpe',
      by: 'option',
    });
    expect(recognize(known[0] as Case, 'default')).toMatchObject({ name: 'default' });
  });

  test('a name that llama.cpp does not have is a usage error that lists near ones', () => {
    const wrong = (): unknown => recognize(strange, 'lama-bpe');
    expect(wrong).toThrow(PreTokenizerNameError);
    expect(wrong).toThrow(/"lama-bpe".*Did you mean llama-bpe/);
    expect(() => recognize(strange, 'zzzzzzzzzzzzzzz')).toThrow(/archs --pre-tokenizers/);
  });
});
