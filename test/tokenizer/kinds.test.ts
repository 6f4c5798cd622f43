import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from '#src/archs/registry.js';
import { NoTokenizerError } from '#src/tokenizer/errors.js';
import { fixtures } from '../paths.js';
import { type Files, PLAIN_CONFIG, TINY_BPE, valueAt, vocabularyOf } from './tiny.js';

const CONFIG: Files = { 'config.json': {} };
const JSON_ALONE: Files = { ...CONFIG, 'tokenizer.json': TINY_BPE, 'tokenizer_config.json': PLAIN_CONFIG };
const BOTH: Files = {
  ...JSON_ALONE,
  'tokenizer.model': readFileSync(join(fixtures, 'vocab-spm/source/tokenizer.model')),
};

describe('the first kind of a plan that applies is written', () => {
  test.each([
    ['tokenizer.json alone', ['sentencepiece', 'bpe'], 'gpt2', JSON_ALONE],
    ['tokenizer.json and tokenizer.model', ['sentencepiece', 'bpe'], 'llama', BOTH],
    ['tokenizer.json and tokenizer.model', ['bpe', 'sentencepiece'], 'gpt2', BOTH],
    ['tokenizer.json and tokenizer.model', ['llama-hf', 'bpe'], 'gpt2', BOTH],
  ] as const)('%s, read as the first of %j that applies, is written as %s', async (_, kinds, model, files) => {
    const { kv } = await vocabularyOf(files, { kinds });
    expect(valueAt(kv, 'tokenizer.ggml.model')).toBe(model);
  });

  test('where none applies, the error says what would', async () => {
    await expect(vocabularyOf(CONFIG, { kinds: ['sentencepiece', 'bpe'] })).rejects.toThrow(NoTokenizerError);
    await expect(vocabularyOf(JSON_ALONE, { kinds: ['sentencepiece'] })).rejects.toThrow(/of the kind BPE.*Supported/);
  });
});

test('the plans of all architectures are plain data', () => {
  for (const { tokenizer } of ARCHITECTURES) {
    expect(JSON.parse(JSON.stringify({ tokenizer }))).toEqual({ tokenizer });
  }
});
