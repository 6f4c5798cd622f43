import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stablelm } from '#src/archs/families/dense.js';
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

// Expected: what AutoTokenizer of transformers 5.23.0 makes of a folder that holds config.json alone.
test.each([
  ['qwen3', ['<|endoftext|>', '[PAD1]', '[PAD2]']],
  ['gpt_neox', ['<|endoftext|>', '<|padding|>', '[PAD2]']],
])(
  'without any tokenizer, a %s whose pre-tokenizer is named gets placeholders, and a warning',
  async (type, expected) => {
    const files = { 'config.json': { model_type: type, vocab_size: 3, eos_token_id: 2 } };
    const { kv, warnings } = await vocabularyOf(files, { kinds: ['sentencepiece', 'bpe'] });
    expect(valueAt(kv, 'tokenizer.ggml.tokens')).toEqual(expected);
    expect(valueAt(kv, 'tokenizer.ggml.eos_token_id')).toBe(2);
    expect(warnings).toContainEqual(expect.stringContaining('cannot encode text'));
    await expect(vocabularyOf(files, { kinds: ['sentencepiece'] })).rejects.toThrow(NoTokenizerError);
  },
);

test('the plans of all architectures are plain data', () => {
  for (const { tokenizer } of ARCHITECTURES) {
    expect(JSON.parse(JSON.stringify({ tokenizer }))).toEqual({ tokenizer });
  }
});

// Expected: what the class Arcade100kTokenizer and `_set_vocab_qwen` of the reference say of these ranks.
test('StableLM 2: ranks of arcade100k.tiktoken, with special tokens from the id that the class names', async () => {
  const ranks = [...Array.from({ length: 256 }, (_, byte) => Buffer.of(byte)), Buffer.from('ab'), Buffer.from('abb')];
  const files: Files = {
    'config.json': { vocab_size: 300 },
    'arcade100k.tiktoken': ranks.map((token, rank) => `${token.toString('base64')} ${rank}\n`).join(''),
    'tokenization_arcade100k.py': 'REGISTERS = []\nSTART_ID = 259\n',
  };
  const { kv } = await vocabularyOf(files, stablelm.tokenizer ?? { kinds: ['bpe'] });
  const tokens = valueAt(kv, 'tokenizer.ggml.tokens') as string[];
  const types = [...(valueAt(kv, 'tokenizer.ggml.token_type') as Int32Array)];
  expect(tokens.slice(255)).toEqual([
    ...['ÿ', 'ab', 'abb', '[PAD258]'],
    ...['<|endoftext|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|fim_pad|>', '<gh_stars>'],
    ...['<filename>', '<issue_start>', '<issue_comment>', '<issue_closed>', '<jupyter_start>', '<jupyter_text>'],
    ...['<jupyter_code>', '<jupyter_output>', '<empty_output>', '<commit_before>', '<commit_msg>', '<commit_after>'],
    ...['<reponame>', '<|endofprompt|>', '<|im_start|>', '<|im_end|>', '<|pause|>', '<|reg0|>', '<|reg1|>'],
    ...['<|reg2|>', '<|reg3|>', '<|reg4|>', '<|reg5|>', '<|reg6|>', '<|reg7|>', '<|extra0|>'],
    ...Array.from({ length: 9 }, (_, i) => `[PAD${291 + i}]`),
  ]);
  expect(types.slice(256, 260)).toEqual([1, 1, 5, 3]);
  expect(types.slice(289, 292)).toEqual([3, 3, 5]);
  expect(valueAt(kv, 'tokenizer.ggml.merges')).toEqual(['a b', 'ab b']);
  for (const role of ['bos', 'eos', 'unknown']) {
    expect(valueAt(kv, `tokenizer.ggml.${role}_token_id`)).toBe(259);
  }
});
