import { MalformedTokenizerError, UnsupportedTokenizerError } from '#src/hf-tokenizer/errors.js';
import { SlowTokenizerError } from '#src/hf-tokenizer/time-limit.js';
import type { Json, JsonObject } from '#src/json.js';
import { withinTime } from '#src/plan/within-time.js';
import { encoderOf } from './auto.js';

const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] };

function nested(levels: number): Json {
  let value: Json = { type: 'NFC' };
  for (let i = 0; i < levels; i++) {
    value = { type: 'Sequence', normalizers: [value] };
  }
  return value;
}

const replacing = (text: string, content: string): JsonObject => ({
  type: 'Replace',
  pattern: { String: text },
  content,
});

describe('a malformed tokenizer.json', () => {
  const malformed: [string, JsonObject][] = [
    ['no model', {}],
    ['a vocabulary that is a list', { model: { ...model, vocab: [] } }],
    ['merges that are no list', { model: { ...model, merges: {} } }],
    ['a merge of three tokens', { model: { ...model, merges: ['a b c'] } }],
    ['a merge that is a number', { model: { ...model, merges: [1] } }],
    ['a merge whose result the vocabulary lacks', { model: { ...model, merges: ['b a'] } }],
    ['an unk_token that the vocabulary lacks', { model: { ...model, unk_token: '<unk>' } }],
    ['sequences nested without end', { model, normalizer: nested(10_000) }],
    ['a pre-tokenizer without a type', { model, pre_tokenizer: {} }],
    ['a Split without a pattern', { model, pre_tokenizer: { type: 'Split', behavior: 'Isolated' } }],
    ['an unknown behaviour', { model, pre_tokenizer: { type: 'Split', pattern: { String: 'a' }, behavior: 'Cut' } }],
    [
      'a template without ids',
      { model, post_processor: { type: 'TemplateProcessing', single: [{}], special_tokens: {} } },
    ],
    ['a charsmap that is none', { model, normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }],
    ['an added token without a content', { model, added_tokens: [{ id: 3 }] }],
    ['a text to replace of 10 MB', { model, normalizer: replacing('a'.repeat(10_000_000), 'b') }],
    ['a replacement of 10 MB', { model, normalizer: replacing('a', 'b'.repeat(10_000_000)) }],
    ['a text of 10 MB before each text', { model, normalizer: { type: 'Prepend', prepend: 'a'.repeat(10_000_000) } }],
    [
      'a text that grows by the power of its replacements',
      { model, normalizer: { type: 'Sequence', normalizers: new Array(60).fill(replacing('a', 'a'.repeat(15_000))) } },
    ],
    [
      'a text that doubles with each step',
      {
        model,
        normalizer: replacing('y', '\u00e9'),
        pre_tokenizer: { type: 'Sequence', pretokenizers: new Array(60).fill({ type: 'ByteLevel', use_regex: false }) },
      },
    ],
    [
      'a template with the text many times over',
      {
        model,
        post_processor: {
          type: 'TemplateProcessing',
          single: new Array(100_000).fill({ Sequence: {} }),
          special_tokens: {},
        },
      },
    ],
    ['an affix of 10 MB', { model: { ...model, end_of_word_suffix: 'a'.repeat(10_000_000) } }],
  ];
  test.each(malformed)('%s is a typed error', (_, json) => {
    expect(() => encoderOf(json, null).encode('abbaxyz')).toThrow(MalformedTokenizerError);
  });

  const unknown: [string, JsonObject][] = [
    ['model', { model: { ...model, type: 'Quantum' } }],
    ['normalizer', { model, normalizer: { type: 'constructor' } }],
    ['pre-tokenizer', { model, pre_tokenizer: { type: '__proto__' } }],
    ['post-processor', { model, post_processor: { type: 'toString' } }],
    ['decoder', { model, decoder: { type: 'CTC' } }],
  ];
  test.each(unknown)('an unknown %s is named as such', (_, json) => {
    expect(() => encoderOf(json, null)).toThrow(UnsupportedTokenizerError);
  });

  test('names that every object inherits are no tokens, and __proto__ can be one', () => {
    const vocab = JSON.parse('{"__proto__": 0, "a": 1, "[UNK]": 2}') as JsonObject;
    const encoder = encoderOf(
      { model: { type: 'WordPiece', vocab }, pre_tokenizer: { type: 'WhitespaceSplit' } },
      null,
    );
    expect(encoder.encode('__proto__ constructor toString a')).toEqual([0, 2, 2, 1]);
  });

  test('a pattern that runs away is stopped', () => {
    const pre_tokenizer = { type: 'Split', pattern: { Regex: '(?:\\s+)+x' }, behavior: 'Isolated' };
    const encoder = encoderOf({ model, pre_tokenizer }, null);
    expect(() => withinTime(300, () => encoder.encode(' '.repeat(60)))).toThrow(SlowTokenizerError);
  });

  test('a long word without a split does not take the square of its length', () => {
    const encoder = encoderOf({ model }, null);
    expect(encoder.encode('ab'.repeat(200_000))).toEqual(new Array(200_000).fill(2));
  });

  test('of equal merges the later counts, in both forms', () => {
    const vocab = { a: 0, b: 1, c: 2, ab: 3, bc: 4 };
    const merges = ['a b', 'b c', 'a b'];
    for (const form of [merges, merges.map((merge) => merge.split(' '))]) {
      expect(encoderOf({ model: { type: 'BPE', vocab, merges: form } }, null).encode('abc')).toEqual([0, 4]);
    }
  });
});
