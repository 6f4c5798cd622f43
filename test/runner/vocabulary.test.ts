import { KeyValues } from '#src/gguf/key-values.js';
import { MalformedVocabularyError, UnencodableTextError, UnsupportedVocabularyError } from '#src/tokenize/errors.js';
import { openVocabulary } from '#src/tokenize/open.js';
import { PRE_TOKENIZERS } from '#src/tokenize/pre-tokenizers.js';
import { PRE_TOKENIZER_NAMES } from '#src/tokenizer/pre/fingerprints.js';
import { readRecorded } from './ask-small.js';
import { answerOf, smallVocabularies } from './vocabularies.js';

const { texts, answers } = readRecorded();
const vocabularies = await smallVocabularies();

describe('what llama.cpp v0.5.0 answered', () => {
  test.each(vocabularies)('%s', (name, kv) => {
    const expected = answers[name];
    const ours = answerOf(kv, texts);
    texts.forEach((text, i) => {
      expect({ text, ids: ours.ids[i] }).toEqual({ text, ids: expected?.ids[i] });
    });
    expect(ours).toEqual(expected);
  });
});

test('every pre-tokenizer that a conversion can write is known, but for those of other kinds of tokenizers', () => {
  const known = PRE_TOKENIZERS.flatMap(({ names }) => names);
  const others = ['bert-bge', 'bert-bge-large', 'jina-v2-en'];
  expect([...known, ...others].sort()).toEqual(PRE_TOKENIZER_NAMES);
});

const bpe = () =>
  new KeyValues()
    .string('tokenizer.ggml.model', 'gpt2')
    .string('tokenizer.ggml.pre', 'gpt-2')
    .array('tokenizer.ggml.tokens', 'string', ['a', 'b', 'ab'])
    .array('tokenizer.ggml.merges', 'string', ['a b']);
const spm = () =>
  new KeyValues()
    .string('tokenizer.ggml.model', 'llama')
    .array('tokenizer.ggml.tokens', 'string', ['<unk>', '<s>', '</s>', '▁', 'a'])
    .array('tokenizer.ggml.scores', 'f32', [0, 0, 0, -1, -2])
    .array('tokenizer.ggml.token_type', 'i32', [2, 3, 3, 1, 1]);

const plain = { special: false, edges: false };

describe('files that are not as they should be', () => {
  const malformed: [string, KeyValues][] = [
    ['no model', new KeyValues()],
    ['a model that is a number', new KeyValues().u32('tokenizer.ggml.model', 1)],
    ['no tokens', bpe().delete('tokenizer.ggml.tokens')],
    ['tokens that are numbers', bpe().array('tokenizer.ggml.tokens', 'i32', [1, 2])],
    ['a token twice', bpe().array('tokenizer.ggml.tokens', 'string', ['a', 'b', 'a'])],
    ['no merges', bpe().delete('tokenizer.ggml.merges')],
    ['fewer scores than tokens', spm().array('tokenizer.ggml.scores', 'f32', [0])],
    ['fewer types than tokens', spm().array('tokenizer.ggml.token_type', 'i32', [1])],
    ['a BOS that is text', bpe().string('tokenizer.ggml.bos_token_id', 'a')],
  ];
  test.each(malformed)('%s', (_, kv) => {
    expect(() => openVocabulary(kv)).toThrow(MalformedVocabularyError);
  });

  test.each(['test', '__proto__'])('the kind %s is refused by name', (model) => {
    const open = () => openVocabulary(bpe().string('tokenizer.ggml.model', model));
    expect(open).toThrow(UnsupportedVocabularyError);
    expect(open).toThrow(`"${model}"`);
    expect(open).toThrow(/llama, gpt2, gemma4/);
  });

  test('an unknown pre-tokenizer is refused, with the names of the others', () => {
    const open = () => openVocabulary(bpe().string('tokenizer.ggml.pre', 'mine'));
    expect(open).toThrow(UnsupportedVocabularyError);
    expect(open).toThrow(/"mine"[\s\S]*llama-bpe/);
  });

  test('a character that has neither a token nor bytes', () => {
    const vocabulary = openVocabulary(spm());
    expect([...vocabulary.encode('a', plain)]).toEqual([3, 4]);
    expect(() => vocabulary.encode('b', plain)).toThrow(UnencodableTextError);
  });

  test('ids beyond the vocabulary: no token has the role, and no piece', () => {
    const vocabulary = openVocabulary(bpe().u32('tokenizer.ggml.eos_token_id', 3));
    expect(vocabulary).toMatchObject({ size: 3, bos: null, eos: null });
    expect(vocabulary.piece(3, { special: true })).toHaveLength(0);
  });

  test('scores that are no numbers and merges that are no pairs do not hang', () => {
    const scores = spm().array('tokenizer.ggml.scores', 'f32', [Number.NaN, Number.NaN, 0, Number.NaN, 1]);
    expect([...openVocabulary(scores).encode('aa a', plain)]).toEqual([3, 4, 4, 3, 4]);
    const merges = bpe().array('tokenizer.ggml.merges', 'string', ['', ' ', 'ab', 'a b c', 'a b']);
    expect([...openVocabulary(merges).encode('abab', plain)]).toEqual([2, 2]);
  });

  test('half a surrogate pair is U+FFFD, and no token of raw bytes is found in another character', () => {
    const tokens = ['a', '\udc80', '�'];
    const kv = bpe()
      .array('tokenizer.ggml.tokens', 'string', tokens)
      .array('tokenizer.ggml.token_type', 'i32', [1, 4, 4]);
    const vocabulary = openVocabulary(kv);
    expect([...vocabulary.encode('a\ud83da', plain)]).toEqual([0, 2, 0]);
    // U+1F480 ends with U+DC80 in UTF-16; the vocabulary has none of its bytes.
    expect([...vocabulary.encode('a\u{1f480}', plain)]).toEqual([0]);
    expect([...vocabulary.piece(1, plain)]).toEqual([0x80]);
  });
});
