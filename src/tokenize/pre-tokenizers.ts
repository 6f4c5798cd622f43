/**
 * What llama.cpp v0.5.0 does for values of `tokenizer.ggml.pre` (src/llama-vocab.cpp): how it cuts a text before
 * merging, and its defaults for flags. It treats the names of one row alike. Each pattern cuts the pieces that the one
 * before it left.
 */
export interface PreTokenizerSettings {
  readonly names: readonly string[];
  /**
   * `\s` is Unicode's white space. `\p{L}` stands also for llama.cpp's `\p{Lu}` and others, because llama.cpp does not
   * distinguish their cases.
   */
  readonly patterns: readonly string[];
  /** Whether a piece that is a token stays whole, even if no merges lead to it. */
  readonly ignoreMerges?: true;
  /** Whether the BOS is added if the file does not say. */
  readonly addBos?: true;
  /** Whether there is no BOS if the file names none. */
  readonly noBos?: true;
  /** Whether a separator is added if the file does not say. */
  readonly addSep?: true;
  /** Whether ids become text without the spaces before signs and contractions being removed. */
  readonly keepsSpaces?: true;
  /** Whether tokens are plain UTF-8 and not in GPT-2's alphabet of bytes. */
  readonly raw?: true;
  /** Whether spaces become ▁. */
  readonly escapesSpaces?: true;
  /** Gemma: the BOS is added even if the file says no, and a run of newlines that is a token stays whole. */
  readonly gemma?: true;
  /** A token that takes the white space before it. */
  readonly lstrip?: string;
}

const ANY_CASE = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
const SPACES = '\\s+(?!\\S)|\\s+';
const TAIL = `\\s*[\\r\\n]+|${SPACES}`;
const PREFIX = '[^\\r\\n\\p{L}\\p{N}]?';
const SIGNS = ' ?[^\\s\\p{L}\\p{N}]+';

const GPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|${SIGNS}|${SPACES}`;
/** The pattern of Llama 3 and Qwen, which differ in how many digits stay together. */
const words = (digits: string, letters = '\\p{L}') =>
  `${ANY_CASE}|${PREFIX}${letters}+|${digits}|${SIGNS}[\\r\\n]*|${TAIL}`;
const LLAMA3 = words('\\p{N}{1,3}');
const QWEN2 = words('\\p{N}');

/** The pattern of words that change once from upper to lower case. Only ASCII letters have a case here. */
function casedWords(letter: string, end: string, digits: string): string {
  const upper = `(?:(?![a-z])${letter})`;
  const lower = `(?:(?![A-Z])${letter})`;
  return `${PREFIX}${upper}*${lower}+${end}|${PREFIX}${upper}+${lower}*${end}|${digits}|${SIGNS}[\\r\\n/]*|${TAIL}`;
}
const markedWords = (digits: string) => `${PREFIX}[\\p{L}\\p{M}]+(?:${ANY_CASE})?|${digits}|${SIGNS}[\\r\\n/]*|${TAIL}`;

const ASCII_SIGN = '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]';
const SIGN_WORDS = `${ASCII_SIGN}[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+`;
const DEEPSEEK3 = `${SIGN_WORDS}| ?[\\p{P}\\p{S}]+[\\r\\n]*|${TAIL}`;
const CHINESE_KANA = '[\\u4e00-\\u9fa5\\u3040-\\u309f\\u30a0-\\u30ff]+';
const CHINESE_HANGUL = '[\\u4e00-\\u9fa5\\u0800-\\u4e00\\uac00-\\ud7ff]+';
const LINES = '[^\\n]+|\\n+';
const BLOOM = ' ?[^(\\s|.,!?\\u2026\\u3002\\uff0c\\u3001\\u0964\\u06d4\\u060c)]+';

/** Letters that have a case: Latin, Greek, Cyrillic, Armenian, Georgian, Cherokee and others. */
const DEEPSEEK_LETTERS =
  '\\s?[A-Za-z\\u00b5\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u01ba\\u01bc-\\u01bf\\u01c4-\\u0293\\u0295-\\u02af' +
  '\\u0370-\\u0373\\u0376\\u0377\\u037b-\\u037d\\u037f\\u0386\\u0388-\\u038a\\u038c\\u038e-\\u03a1\\u03a3-\\u03f5' +
  '\\u03f7-\\u0481\\u048a-\\u052f\\u0531-\\u0556\\u10a0-\\u10c5\\u13a0-\\u13f5\\u13f8-\\u13fd\\u1c90-\\u1cba' +
  '\\u1cbd-\\u1cbf\\u1d00-\\u1d2b\\u1d6b-\\u1d77\\u1d79-\\u1d9a\\u1e00-\\u1f15\\u1f18-\\u1f1d\\u1f20-\\u1f45' +
  '\\u1f48-\\u1f4d\\u1f50-\\u1f57\\u1f59\\u1f5b\\u1f5d\\u1f5f-\\u1f7d\\u1f80-\\u1fb4\\u1fb6-\\u1fbc\\u1fbe' +
  '\\u1fc2-\\u1fc4\\u1fc6-\\u1fcc\\u1fd0-\\u1fd3\\u1fd6-\\u1fdb\\u1fe0-\\u1fec\\u1ff2-\\u1ff4\\u1ff6-\\u1ffc' +
  '\\u2102\\u2107\\u210a-\\u2113\\u2115\\u2119-\\u211d\\u2124\\u2126\\u2128\\u212a-\\u212d\\u212f-\\u2134\\u2139' +
  '\\u213c-\\u213f\\u2145-\\u2149\\u214e\\u2183\\u2184\\u2c00-\\u2c7b\\u2c7e-\\u2ce4\\u2ceb-\\u2cee\\u2cf2\\u2cf3' +
  '\\ua640-\\ua66d\\ua680-\\ua69b\\ua722-\\ua76f\\ua771-\\ua787\\ua78b-\\ua78e\\uab70-\\uabbf\\ufb00-\\ufb06' +
  '\\ufb13-\\ufb17\\uff21-\\uff3a\\uff41-\\uff5a\\u{10400}-\\u{1044f}\\u{104b0}-\\u{104d3}\\u{104d8}-\\u{104fb}' +
  '\\u{10c80}-\\u{10cb2}\\u{10cc0}-\\u{10cf2}\\u{118a0}-\\u{118df}\\u{1e900}-\\u{1e943}]+';
const DEEPSEEK_SIGNS = '\\s?[!-/:-~\\uff01-\\uff0f\\uff1a-\\uff5e\\u2018-\\u201f\\u3000-\\u3002]+';

/** The characters for which unicode_cpt_is_han of llama.cpp is true. */
const HAN =
  '[\\u4e00-\\u9fff\\u3400-\\u4dbf\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}' +
  '\\u{2b820}-\\u{2ceaf}\\u{2ceb0}-\\u{2ebef}\\uf900-\\ufaff\\u{2f800}-\\u{2fa1f}]';
const KIMI = `${HAN}+|${PREFIX}(?:(?!${HAN})\\p{L})+(?:${ANY_CASE})?|\\p{N}{1,3}|` + `${SIGNS}[\\r\\n]*|${TAIL}`;

/** Groups of three digits counted from the right. The text before them forms one piece with the first group. */
const DIGITS_FROM_RIGHT = '\\P{N}*\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))';
const AFMOE_SCRIPTS =
  '[\\u4e00-\\u9fff\\u3400-\\u4dbf\\u8c48-\\ufaff\\u3040-\\u309f\\u30a0-\\u30ff\\uff65-\\uff9f\\u2f00-\\u2fdf' +
  '\\u0e40-\\u0e7f\\u0e80-\\u0eff\\u1780-\\u17ff\\u1000-\\u109f\\uaa60-\\uaa7f\\ua9e0-\\ua9ff\\uac00-\\ud7af' +
  '\\u1100-\\u11ff]+';
const YOUTU_SCRIPTS =
  '[\\uac00-\\ud7a3\\u3131-\\u318e]+|[\\uff01\\u2026\\u201c\\u201d\\u2018\\u2019\\u2014\\uff1a\\uff1b\\uff0c' +
  `\\u3001-\\u303f\\ufe30-\\ufe4f]+|[\\u3105-\\u312f]+|${CHINESE_KANA}`;

/** The value of `tokenizer.ggml.pre` where it is missing or empty. */
export const DEFAULT_PRE = 'default';

export const PRE_TOKENIZERS: readonly PreTokenizerSettings[] = [
  {
    names: [DEFAULT_PRE],
    patterns: ['[\\p{P}\\$\\+<=>\\^~\\|]+', GPT2, '\\p{N}+', '[0-9][0-9][0-9]'],
  },
  {
    names: [
      ...['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2', 'jina-v5-nano'],
    ],
    patterns: [LLAMA3],
    ignoreMerges: true,
    addBos: true,
  },
  { names: ['dbrx', 'smaug-bpe'], patterns: [LLAMA3] },
  { names: ['glm4', 'chatglm-bpe'], patterns: [LLAMA3], noBos: true },
  { names: ['minicpm5'], patterns: ['\\p{N}{1,3}', words('\\p{N}+')], ignoreMerges: true },
  {
    // The pattern of Bailing MoE is spelt otherwise, but always matches the same.
    names: [
      ...['qwen2', 'deepseek-r1-qwen', 'kormo', 'f2llmv2', 'hunyuan', 'solar-open', 'grok-2'],
      ...['bailingmoe', 'bailingmoe2', 'llada-moe'],
    ],
    patterns: [QWEN2],
    keepsSpaces: true,
  },
  { names: ['megrez', 'stablelm2'], patterns: [QWEN2] },
  {
    names: ['qwen35'],
    patterns: [words('\\p{N}', '[\\p{L}\\p{M}]').replace(SIGNS, ' ?[^\\s\\p{L}\\p{M}\\p{N}]+')],
    keepsSpaces: true,
  },
  { names: ['laguna'], patterns: [LINES, QWEN2], keepsSpaces: true },
  { names: ['ufakzeka'], patterns: [`${PREFIX}\\p{L}+|\\p{N}|${SIGNS}[\\r\\n]*|${TAIL}`], keepsSpaces: true },
  {
    names: ['seed-coder'],
    patterns: [`${ANY_CASE}|${PREFIX}\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${TAIL}`],
    keepsSpaces: true,
  },
  {
    names: ['exaone-moe'],
    patterns: [
      `${ANY_CASE}|${PREFIX}(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}|${SIGNS}[\\r\\n/]?|\\s*[\\r\\n]|${SPACES}`,
    ],
  },
  {
    names: ['jais-2'],
    patterns: [
      LLAMA3.replace(
        SPACES,
        `${[512, 256, 128, 64, 32, 16, 8, 4].map((n) => `\\s{${n}}(?!\\S)|`).join('')}\\s{1,2}(?!\\S)|\\s`,
      ),
    ],
  },
  {
    names: [
      ...['gpt-2', 'phi-2', 'jina-es', 'jina-de', 'gigachat', 'a.x-4.0', 'mellum', 'modern-bert', 'exaone4', 'mpt'],
      ...['olmo', 'jais'],
    ],
    patterns: [GPT2],
  },
  { names: ['trillion', 'granite-docling'], patterns: [GPT2], keepsSpaces: true },
  { names: ['roberta-bpe', 'jina-v1-en'], patterns: [GPT2], addSep: true },
  { names: ['jina-v2-es', 'jina-v2-de'], patterns: [GPT2], lstrip: '<mask>' },
  { names: ['jina-v2-code'], patterns: [GPT2], lstrip: '<mask>', addSep: true },
  {
    names: ['starcoder', 'refact', 'codeshell', 'exaone', 'minerva-7b', 'mellum2'],
    patterns: ['\\p{N}', GPT2],
  },
  { names: ['smollm', 'command-r'], patterns: ['\\p{N}', GPT2], keepsSpaces: true },
  { names: ['falcon'], patterns: ['[\\p{P}\\$\\+<=>\\^~\\|`]+', GPT2, '[0-9][0-9][0-9]'] },
  { names: ['bloom', 'gpt3-finnish'], patterns: [BLOOM] },
  { names: ['poro-chat'], patterns: [BLOOM], keepsSpaces: true },
  { names: ['viking'], patterns: [BLOOM, '\\p{N}'], keepsSpaces: true },
  {
    names: ['chameleon'],
    patterns: [
      '<sentinel:[0-9]+>',
      '(?:IMGIMG)(?:[A-I]{1,4})Z',
      '[\\t\\n]|    |  ',
      '\\p{N}',
      '[\\p{P}!-/:-@\\[-`{-~]',
      GPT2,
    ],
    addBos: true,
    keepsSpaces: true,
  },
  {
    names: ['tekken'],
    patterns: [casedWords('\\p{L}', '', '\\p{N}')],
    ignoreMerges: true,
    addBos: true,
    keepsSpaces: true,
  },
  {
    names: ['gpt-4o', 'llama4', 'kanana2', 'talkie', 'minimax-m2'],
    patterns: [casedWords('\\p{L}', `(?:${ANY_CASE})?`, '\\p{N}{1,3}')],
    keepsSpaces: true,
  },
  {
    names: ['granite-embed-multi-97m'],
    patterns: [casedWords('[\\p{L}\\p{M}]', `(?:${ANY_CASE})?`, '\\p{N}{1,3}')],
    keepsSpaces: true,
    ignoreMerges: true,
  },
  { names: ['tiny_aya', 'cohere2moe'], patterns: [DIGITS_FROM_RIGHT, markedWords('\\p{N}{1,3}')], keepsSpaces: true },
  { names: ['youtu'], patterns: [YOUTU_SCRIPTS, markedWords('\\p{N}')], ignoreMerges: true, keepsSpaces: true },
  { names: ['kimi-k2'], patterns: [KIMI], keepsSpaces: true },
  { names: ['superbpe'], patterns: ['\\p{N}+', '(?=(?:[0-9]{3})+(?![0-9]))'], keepsSpaces: true },
  { names: ['afmoe'], patterns: [DIGITS_FROM_RIGHT, AFMOE_SCRIPTS, DEEPSEEK3], keepsSpaces: true },
  {
    names: ['deepseek-v3', 'hunyuan-dense', 'joyai-llm', 'hy_v4'],
    patterns: ['\\p{N}{1,3}', CHINESE_KANA, DEEPSEEK3],
    keepsSpaces: true,
  },
  {
    names: ['spark2_5'],
    patterns: ['\\p{N}{1,3}', CHINESE_KANA, `${SIGN_WORDS}| ?[\\p{P}\\p{S}]+|[\\r\\n]|${SPACES}`, '\\p{N}'],
    keepsSpaces: true,
  },
  {
    names: ['deepseek-llm'],
    patterns: ['[\\r\\n]', DEEPSEEK_LETTERS, DEEPSEEK_SIGNS, '\\s+$', CHINESE_HANGUL, '\\p{N}+'],
    keepsSpaces: true,
  },
  {
    names: ['deepseek-coder'],
    patterns: ['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', CHINESE_HANGUL, '\\p{N}'],
    keepsSpaces: true,
  },
  { names: ['gemma4', 'granite-embed-multi-311m'], patterns: [LINES], raw: true, escapesSpaces: true, gemma: true },
  { names: ['sarvam-moe'], patterns: [LINES], raw: true, escapesSpaces: true, keepsSpaces: true },
  { names: ['whitespace'], patterns: ['\\S+'], raw: true },
];
