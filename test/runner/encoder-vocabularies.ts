import { KeyValues } from '#src/gguf/key-values.js';
import { TOKEN_TYPE } from '#src/gguf/token-type.js';
import { BYTE_CHARS } from '#src/text/byte-level.js';
import { byteToken } from '#src/text/byte-tokens.js';

/** Small vocabularies of encoders: WordPiece, unigram, and BPE between white space. */
export function encoderVocabularies(): readonly (readonly [string, KeyValues])[] {
  const pieces = wordPieces();
  const scored = unigram();
  const words = whitespace();
  return [
    ['word-piece', pieces],
    ['word-piece with case', pieces.clone().bool('tokenizer.ggml.normalizer.lowercase', false)],
    ['word-piece with accents', pieces.clone().bool('tokenizer.ggml.normalizer.strip_accents', false)],
    ['unigram', scored],
    ['unigram with a space before', scored.clone().bool('tokenizer.ggml.add_space_prefix', true)],
    ['unigram with single spaces', scored.clone().bool('tokenizer.ggml.remove_extra_whitespaces', true)],
    ['unigram with a map of characters', scored.clone().array('tokenizer.ggml.precompiled_charsmap', 'u8', MAP)],
    ['whitespace', words],
    ['rwkv', rwkv()],
    ['plamo2', plamo2()],
    ['hybriddna', bases()],
    ['hybriddna without the unknown token', bases().array('tokenizer.ggml.tokens', 'string', withoutUnknown())],
    ['whitespace in lower case', words.clone().bool('tokenizer.ggml.normalizer.lowercase', true)],
  ];
}

type Typed = readonly [text: string, type: number];

const of = (type: number, ...texts: string[]): Typed[] => texts.map((text) => [text, type]);

function vocabulary(model: string, typed: readonly Typed[]): KeyValues {
  return new KeyValues()
    .string('general.architecture', 'llama')
    .string('tokenizer.ggml.model', model)
    .array(
      'tokenizer.ggml.tokens',
      'string',
      typed.map(([text]) => text),
    )
    .array(
      'tokenizer.ggml.token_type',
      'i32',
      typed.map(([, type]) => type),
    );
}

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const LETTERS = [...'abcdeghilnorstwxyzABCHLTWéкЖ你한ᄒｃ0123.,!?\'"$`~^_[]{}<>|+=-ΩωßѬİ'];

function wordPieces(): KeyValues {
  const pieces = LETTERS.flatMap((letter) => [letter, `▁${letter}`]);
  const words = ['▁hello', '▁world', '▁test', '▁camel', 'case', '▁http', 'server', 'ca', 'rv', '▁nihao', '▁12', '34'];
  const all = [...of(TOKEN_TYPE.control, ...SPECIAL), ...of(TOKEN_TYPE.normal, ...new Set([...pieces, ...words]))];
  return vocabulary('bert', [...all, ...of(TOKEN_TYPE.userDefined, 'IMG', '<|file_sep|>')])
    .u32('tokenizer.ggml.bos_token_id', 2)
    .u32('tokenizer.ggml.unknown_token_id', 1)
    .u32('tokenizer.ggml.seperator_token_id', 3);
}

function unigram(): KeyValues {
  const pairs = LETTERS.flatMap((left, i) => LETTERS.filter((_, j) => (i + j) % 7 === 0).map((right) => left + right));
  const pieces = [
    '▁',
    ...LETTERS,
    ...LETTERS.map((letter) => `▁${letter}`),
    ...pairs,
    '▁He',
    'llo',
    '▁▁',
    '▁▁▁',
    'ABC',
  ];
  const typed = [
    ...of(TOKEN_TYPE.control, '<s>', '<pad>', '</s>'),
    ...of(TOKEN_TYPE.unknown, '<unk>'),
    ...of(TOKEN_TYPE.normal, ...new Set(pieces)),
    ...of(TOKEN_TYPE.userDefined, 'IMG', '<mask>', '，世'),
    ...of(TOKEN_TYPE.unused, 'Wo'),
  ];
  // No two sums of such scores are equal.
  const scores = typed.map((_, id) => -Math.fround(2 + ((id * 7919) % 1009) / 97));
  return vocabulary('t5', typed)
    .array('tokenizer.ggml.scores', 'f32', scores)
    .u32('tokenizer.ggml.eos_token_id', 2)
    .u32('tokenizer.ggml.unknown_token_id', 3);
}

function whitespace(): KeyValues {
  const pairs = LETTERS.flatMap((left, i) =>
    LETTERS.filter((_, j) => (i * 3 + j) % 5 === 0).map((right) => [left, right]),
  );
  const merged = [...new Set(pairs.map((pair) => pair.join('')))];
  const typed = [
    ...of(TOKEN_TYPE.control, '<s>', '</s>'),
    ...of(TOKEN_TYPE.normal, ...LETTERS, ...merged.filter((text) => !LETTERS.includes(text))),
  ];
  return vocabulary('whitespace', typed)
    .string('tokenizer.ggml.pre', 'whitespace')
    .array(
      'tokenizer.ggml.merges',
      'string',
      pairs.map((pair) => pair.join(' ')),
    )
    .u32('tokenizer.ggml.bos_token_id', 0)
    .u32('tokenizer.ggml.eos_token_id', 1);
}

/** Tokens within others, with scores that tie, a token without a score, a byte's token that is none, and padding. */
function plamo2(): KeyValues {
  const pairs = LETTERS.flatMap((left, i) => LETTERS.filter((_, j) => (i + j) % 7 === 0).map((right) => left + right));
  const words = [
    'hello',
    'ello',
    'Hello',
    ' world',
    'wor',
    ' w',
    'abc',
    'ab',
    'bc',
    '12',
    '123',
    '世界',
    '\n',
    ' ',
    '  ',
  ];
  const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte));
  const typed = [
    ...of(TOKEN_TYPE.unknown, '<|plamo:unk|>'),
    ...of(TOKEN_TYPE.control, '<|plamo:bos|>', '<|plamo:eos|>', '<|plamo:pad|>', '<|plamo:op|>'),
    ...of(TOKEN_TYPE.byte, ...bytes, '<byte>'),
    ...of(TOKEN_TYPE.normal, ...new Set([...LETTERS, ...pairs, ...words])),
    ...of(TOKEN_TYPE.userDefined, 'IMG'),
    ...of(TOKEN_TYPE.unused, '[PAD1]', '[PAD2]', 'ABC'),
  ];
  const scores = typed.map(([text, type], id) =>
    type === TOKEN_TYPE.unused ? -1000 : text === 'Hello' ? Number.NEGATIVE_INFINITY : -(id % 13) - (id % 3) / 3e4,
  );
  return vocabulary('plamo2', typed)
    .string('tokenizer.ggml.pre', 'default')
    .array('tokenizer.ggml.scores', 'f32', scores)
    .u32('tokenizer.ggml.eot_token_id', 4)
    .bool('tokenizer.ggml.add_bos_token', true);
}

/** Tokens within others, of whole characters and of parts of them. */
function rwkv(): KeyValues {
  const bytes = Array.from({ length: 0xe8 }, (_, byte) => `\\x${(byte + 1).toString(16).padStart(2, '0')}`);
  const words = [
    '\\n\\n',
    '\\t ',
    "it\\'s",
    'Hel',
    'Hello W',
    '12',
    '123',
    '\\xe4\\xbd',
    '\\xe4\\xbd\\xa0',
    '好，',
    '<s>',
  ];
  return vocabulary('rwkv', [
    ...of(TOKEN_TYPE.control, '<|end|>'),
    ...of(TOKEN_TYPE.normal, ...bytes, ...words),
    ...of(TOKEN_TYPE.unused, '[PAD9]'),
  ])
    .u32('tokenizer.ggml.bos_token_id', 0)
    .u32('tokenizer.ggml.eos_token_id', 0)
    .u32('tokenizer.ggml.unknown_token_id', 0)
    .bool('tokenizer.ggml.add_bos_token', true);
}

const UNKNOWN_BASES = '<oov>';
const DNA = [
  ...of(TOKEN_TYPE.control, '<s>', '</s>'),
  ...of(TOKEN_TYPE.normal, ...BYTE_CHARS, 'AC', 'ACGTAC', 'lo', '<dna>', '</dna>', UNKNOWN_BASES),
  ...of(TOKEN_TYPE.normal, 'ACGTAC\ue000', 'CCCCCC\ue000', 'GATTAA\ue000', 'TAAAAA\ue000'),
];

function bases(): KeyValues {
  return vocabulary('hybriddna', DNA)
    .string('tokenizer.ggml.pre', 'llama-bpe')
    .array('tokenizer.ggml.merges', 'string', ['A C', 'l o'])
    .u32('tokenizer.ggml.bos_token_id', 0)
    .u32('tokenizer.ggml.eos_token_id', 1);
}

function withoutUnknown(): string[] {
  return DNA.map(([text]) => (text === UNKNOWN_BASES ? '<other>' : text));
}

/** What a map of characters replaces: single characters, several of them, entries within others, and by nothing. */
const MAP = charsMap([
  ['ａ', 'a'],
  ['３', '3'],
  ['\u3000', ' '],
  ['\n', ' '],
  ['\t', ' '],
  ['\u200b', ''],
  ['ﬁ', 'fi'],
  ['…', '...'],
  ['e\u0301', 'é'],
  ['e\u0301é', 'E'],
  ['Ω', 'Ω'],
]);

/**
 * A double-array trie (Darts) with its replacements. Each node has 256 units of its own, so that its children's places
 * are free.
 */
function charsMap(entries: readonly (readonly [from: string, to: string])[]): Uint8Array {
  const units: number[] = [];
  let replacements = Buffer.alloc(0);
  const own = new Map<string, number>();
  let blocks = 0;
  const place = (prefix: Buffer): number => {
    const key = prefix.toString('latin1');
    const known = own.get(key);
    if (known !== undefined) {
      return known;
    }
    blocks++;
    const block = 256 * blocks;
    own.set(key, block);
    const last = prefix.at(-1);
    const node = last === undefined ? 0 : place(prefix.subarray(0, -1)) ^ last;
    units[node] = ((node ^ block) << 10) | (last ?? 0);
    return block;
  };
  for (const [from, to] of entries) {
    const bytes = Buffer.from(from);
    const block = place(bytes);
    const node = place(bytes.subarray(0, -1)) ^ (bytes.at(-1) ?? 0);
    units[node] = (units[node] ?? 0) | 0x100;
    units[block] = (0x80000000 | replacements.length) >>> 0;
    replacements = Buffer.concat([replacements, Buffer.from(`${to}\0`)]);
  }
  const trie = Buffer.alloc(4 * 256 * (blocks + 1));
  units.forEach((unit, i) => {
    trie.writeUInt32LE(unit >>> 0, 4 * i);
  });
  const size = Buffer.alloc(4);
  size.writeUInt32LE(trie.length);
  return Buffer.concat([size, trie, replacements]);
}
