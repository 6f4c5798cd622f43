/** Pieces of texts that tokenizers stumble over, by kind. */
const POOLS: readonly (readonly string[])[] = [
  ['a', 'b', 'e', 's', 't', 're', 'll', 've', 'd', 'M', 'S', 'The', 'ing', ' the', 'WORLD', 'camelCase', 'HTTPServer'],
  [
    ' ',
    '  ',
    '   ',
    '\t',
    '\n',
    '\r\n',
    '\n\n',
    '\u00a0',
    '\u3000',
    '\u2028',
    '\u0085',
    '\u200b',
    '\ufeff',
    '\v',
    '\f',
  ],
  ['\u1680', '\u202f', '        ', ' \n', '\u2003'],
  ["'s", "'S", "'re", "'LL", "'", "''", '’s', "'ſ", "'\u212a", "'t "],
  ['1', '12', '123', '1234', '12345678', '½', '٣', 'Ⅷ', '３', '𝟗', '3.14', '1,000'],
  ['é', 'e\u0301', 'ß', 'Ж', 'нещо', 'Ω', 'ა', 'Ა', 'ᲀ', 'ꭰ', '𐐀', 'ﬁ', 'ǅ', 'ª', 'ʰ', '\u01bb', '\u0294'],
  [
    '你好',
    '龥',
    '龦',
    '㐀',
    '豈',
    '\ufa6e',
    '𠀀',
    'ひらがな',
    'カタカナ',
    'ー',
    '한국어',
    'ㄱ',
    'ㅏ',
    'ㄅ',
    'กำ',
    'ກ',
    'ក',
  ],
  ['မ', 'ࠀ', '\u{2ceb0}', 'ꦀ', 'क्षत्रिय', 'வணக்கம்', 'وَرَحْمَةُ', 'שָׁלוֹם'],
  [
    '.',
    '!?',
    '...',
    '---',
    '===',
    '#',
    '$',
    '+',
    '<',
    '>',
    '^',
    '~',
    '|',
    '`',
    '_',
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '\\',
  ],
  [
    '/',
    '"',
    '@',
    '&',
    '*',
    '%',
    '¡',
    '«',
    '…',
    '。',
    '、',
    '，',
    '：',
    '“',
    '”',
    '‘',
    '〿',
    '﹏',
    '～',
    '।',
    '۔',
    '،',
    '€',
  ],
  ['😀', '👩‍👩‍👧', '\u{1f1e9}\u{1f1ea}', '☃', '\ufe0f', '\u200d', '\u0300', '\u0903', '\u20dd', '\u{e0100}', '©'],
  ['\0', '\x01', '\x1b', '\x1c', '\x7f', '\u0080', '\ufffd', '\uffff', '\u{10ffff}', '\ue000', '\u0378', '\u088f'],
  ['\u{10d40}', '\u{16d40}', '\u{1fae9}', '\u{31350}'],
  ['<s>', '</s>', '<|endoftext|>', '<|im_start|>', '<|im_end|>', '<unk>', '<pad>', '<mask>', '▁', '▁▁', 'Ġ', '<0x0A>'],
  ['[INST]', '<|begin_of_text|>', '<sentinel:12>', 'IMGIMGABCZ', '<fim_prefix>', '<|end|>', ' <mask> ', '</s>  a'],
];

/** Texts of up to 60 such pieces, some of two kinds only, with code points of any kind strewn in; the same for a seed. */
export function nastyTexts(count: number, seed: number): string[] {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  return Array.from({ length: count }, (_, i) => {
    const pools = random(3) === 0 ? [pick(POOLS), pick(POOLS)] : POOLS;
    const pieces = 1 + random(i % 7 === 0 ? 60 : 14);
    return Array.from({ length: pieces }, () => (random(25) === 0 ? anyCharacter(random) : pick(pick(pools)))).join('');
  });
}

function anyCharacter(random: (below: number) => number): string {
  const code = random(0x32000);
  return String.fromCodePoint(code >= 0xd800 && code < 0xe000 ? 0x41 : code);
}
