import { InvalidTokenIdError, MalformedTokenizerError, UnsupportedTokenizerError } from '#src/hf-tokenizer/errors.js';
import { MalformedJsonError } from '#src/json.js';
import { NoTokenizerError } from '#src/tokenizer/errors.js';
import { InvalidVocabularySizeError } from '#src/tokenizer/vocabulary-size.js';
import { PLANS } from './plans.js';
import { type Files, PLAIN_CONFIG, TINY_BPE, valueAt, vocabularyOf } from './tiny.js';

const GOOD: Files = {
  'config.json': { vocab_size: 6 },
  'tokenizer.json': TINY_BPE,
  'tokenizer_config.json': PLAIN_CONFIG,
};
const LLAMA_HF: Files = {
  ...GOOD,
  'tokenizer.json': {
    ...TINY_BPE,
    decoder: { type: 'Sequence', decoders: [] },
    model: { type: 'BPE', byte_fallback: true, vocab: { a: 0, b: 1, ab: 3 }, merges: ['a b'] },
  },
};

/** What is wrong; files; the error's class; what its sentence must name. */
const ERRORS: readonly (readonly [string, Files, new (...args: never[]) => Error, readonly string[]])[] = [
  ['no tokenizer at all', { 'config.json': {} }, NoTokenizerError, ['org/tiny', 'tokenizer.json', 'tokenizer.model']],
  [
    'a tekken.json without its parts',
    { 'config.json': {}, 'tekken.json': {} },
    MalformedTokenizerError,
    ['tekken.json', 'default_vocab_size'],
  ],
  ['a vocab.txt alone', { 'config.json': {}, 'vocab.txt': 'a' }, UnsupportedTokenizerError, ['vocab.txt', 'Supported']],
  [
    'a tokenizer.json that ends early',
    { ...GOOD, 'tokenizer.json': '{"model":' },
    MalformedJsonError,
    ['tokenizer.json'],
  ],
  [
    'a WordPiece model',
    { ...GOOD, 'tokenizer.json': { ...TINY_BPE, model: { type: 'WordPiece', vocab: { a: 0 } } } },
    UnsupportedTokenizerError,
    ['WordPiece', 'Supported'],
  ],
  [
    'an id beyond vocab_size',
    { ...GOOD, 'config.json': { vocab_size: 3 } },
    MalformedTokenizerError,
    ['</s>', 'id 3', 'vocab_size 3', 'config.json'],
  ],
  [
    'a vocab_size no memory holds',
    { ...GOOD, 'config.json': { vocab_size: 1e15 } },
    InvalidVocabularySizeError,
    ['vocab_size', 'config.json'],
  ],
  [
    'a vocab_size that is a text',
    { ...GOOD, 'config.json': { vocab_size: '6' } },
    InvalidVocabularySizeError,
    ['vocab_size', '"6"'],
  ],
  [
    'a negative id in config.json',
    { ...GOOD, 'config.json': { vocab_size: 6, bos_token_id: -1 } },
    InvalidTokenIdError,
    ['config.json', 'bos_token_id', '-1'],
  ],
  [
    'true for an id',
    { ...GOOD, 'config.json': { vocab_size: 6, pad_token_id: true } },
    InvalidTokenIdError,
    ['config.json', 'pad_token_id', 'true'],
  ],
  [
    'an id that 32 bits do not hold',
    { ...GOOD, 'config.json': { vocab_size: 6, unk_token_id: 2 ** 32 } },
    InvalidTokenIdError,
    ['config.json', 'unk_token_id'],
  ],
  [
    'an id in the vocabulary that no memory holds',
    { ...GOOD, 'tokenizer.json': { ...TINY_BPE, model: { type: 'BPE', vocab: { a: 4e9 }, merges: [] } } },
    InvalidTokenIdError,
    ['tokenizer.json', 'a is 4000000000'],
  ],
  [
    'merges of three parts',
    { ...GOOD, 'tokenizer.json': { ...TINY_BPE, model: { type: 'BPE', vocab: { a: 0 }, merges: [['a', 'b', 'c']] } } },
    MalformedTokenizerError,
    ['tokenizer.json', 'merges'],
  ],
  ['a hole in a SentencePiece-like vocabulary', LLAMA_HF, MalformedTokenizerError, ['tokenizer.json', 'id 2']],
  [
    'an added token without text',
    { ...GOOD, 'tokenizer_config.json': { ...PLAIN_CONFIG, added_tokens_decoder: { 4: { special: true } } } },
    MalformedTokenizerError,
    ['tokenizer_config.json', 'content'],
  ],
  [
    'a chat template that is not UTF-8',
    { ...GOOD, 'chat_template.jinja': Uint8Array.of(0x61, 0xff) },
    MalformedTokenizerError,
    ['chat_template.jinja', 'UTF-8'],
  ],
];

test.each(ERRORS)('%s', async (_, files, type, named) => {
  const error = await vocabularyOf(files, PLANS.llama).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(type);
  for (const part of named) {
    expect(String(error)).toContain(part);
  }
});

test('a float for an id is left out, as Python does, with a warning', async () => {
  const config = '{"vocab_size": 6, "pad_token_id": 3.0}';
  const files: Files = { ...GOOD, 'config.json': { vocab_size: 6, pad_token_id: 3 } };
  expect(valueAt((await vocabularyOf(files, PLANS.llama)).kv, 'tokenizer.ggml.padding_token_id')).toBe(3);
  const written = await vocabularyOf({ ...files, 'config.json': config }, PLANS.llama);
  expect(written.kv.has('tokenizer.ggml.padding_token_id')).toBe(false);
  expect(written.warnings.join()).toContain('pad_token_id');
});
