import type { AutoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { translateOniguruma } from '../../hf-tokenizer/oniguruma.js';
import { GPT2_PATTERN } from '../../hf-tokenizer/pre-tokenizers.js';
import { isObject, type Json, type JsonObject } from '../../json.js';
import type { Facts } from './facts.js';

type Name = string | ((facts: Facts) => string);

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
/** The splits of GPT-4 and its many heirs, which differ in how they group digits. */
const words = (digits: string): string =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`;
/** The splits of GPT-4o, where a capital letter begins a word. */
const cased = (after: string, digits: string): string => {
  const [upper, lower] = ['[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]', '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'];
  const start = '[^\\r\\n\\p{L}\\p{N}]?';
  return `${start}${upper}*${lower}+${after}|${start}${upper}+${lower}*${after}|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;
};
const CJK = '[一-龥\u3040-\u309f\u30a0-\u30ff]+';
const HAN_AND_HANGUL = '[一-龥\u0800-一가-\ud7ff]+';
/** DeepSeek's third split; `end` is the part of its pattern behind punctuation. */
const deepseek = (end: string): string =>
  `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+${end}`;
const BLOOM_WORDS = ' ?[^(\\s|[.,!?…。，、।۔،])]+';

const llama3: Name = (facts) => {
  if (facts.has('[gMASK]') && facts.has('<sop>')) {
    return 'glm4';
  }
  // Without a BOS, the class of GPT-2 leads to dbrx (also OLMo 2, Phi 4, Granite).
  return facts.class === 'GPT2Tokenizer' ? 'dbrx' : facts.bos ? 'llama-bpe' : 'smaug-bpe';
};
const gpt2: Name = (facts) => {
  if (facts.roberta) {
    return 'roberta-bpe';
  }
  return facts.class === 'GPTNeoXTokenizer' || facts.normalizers.includes('NFC') ? 'olmo' : 'gpt-2';
};
const digitsThenGpt2: Name = (facts) => {
  if (facts.normalizers.includes('NFC')) {
    return 'command-r';
  }
  return facts.keepsSpaces ? 'smollm' : 'starcoder';
};

/**
 * The splits before ByteLevel, in order → the name, or a function of facts that gives it. Patterns are in Oniguruma's
 * syntax.
 */
const BYTE_LEVEL: readonly (readonly [splits: readonly string[], name: Name])[] = [
  [[words('\\p{N}{1,3}')], llama3],
  [[words('\\p{N}')], 'qwen2'],
  [[GPT2_PATTERN], gpt2],
  [['\\p{N}', GPT2_PATTERN], digitsThenGpt2],
  [[cased(`${CONTRACTIONS}?`, '\\p{N}{1,3}')], 'gpt-4o'],
  [[cased('', '\\p{N}')], 'tekken'],
  [
    [`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${SPACES}`],
    'qwen35',
  ],
  [
    ['\\p{N}{1,3}', CJK, deepseek(`[\\r\\n]*|${SPACES}`)],
    (facts) => (facts.bos && facts.class === 'LlamaTokenizer' ? 'deepseek-v3' : 'joyai-llm'),
  ],
  [['\\p{N}{1,3}', CJK, deepseek('|[\\r\\n]|\\s+(?!\\S)|\\s+'), '\\p{N}'], 'spark2_5'],
  [['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', HAN_AND_HANGUL, '\\p{N}'], 'deepseek-coder'],
  [
    [
      '[\\r\\n]',
      '\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+',
      '\\s?[!-/:-~！-／：-～\u2018-\u201f\u3000-。]+',
      '\\s+$',
      HAN_AND_HANGUL,
      '\\p{N}',
    ],
    'deepseek-llm',
  ],
  [['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', HAN_AND_HANGUL, '\\p{N}+'], 'deepseek-llm'],
  [
    [
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
    ],
    'bailingmoe',
  ],
  [[BLOOM_WORDS], 'bloom'],
  [[BLOOM_WORDS, '\\p{N}'], 'viking'],
  [['[^\\n]+|[\\n]+', words('\\p{N}')], 'laguna'],
  [['\\p{N}{1,3}', words('\\p{N}+')], 'minicpm5'],
  [[`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${SPACES}`], 'seed-coder'],
  [['\\p{N}+', '(?=(\\d{3})+(?!\\d))'], 'superbpe'],
  [['\\d{1,3}(?=(?:\\d{3})*\\b)', cased(`${CONTRACTIONS}?`, '\\p{N}{1,3}')], 'tiny_aya'],
  [[`[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`], 'ufakzeka'],
  [['Punctuation', GPT2_PATTERN, '\\p{N}+', '[0-9][0-9][0-9]'], 'falcon'],
];

/**
 * Finds the name of a pre-tokenizer by the splits in tokenizer.json, for a vocabulary whose fingerprint is unknown.
 * Null if the splits are unknown, too. Names with the same splits behave alike in llama.cpp except for flags, and the
 * facts decide between them.
 * @throws PatternError
 */
export function preTokenizerByStructure({ json }: AutoTokenizer, facts: Facts): string | null {
  const stages = flatten(json.pre_tokenizer);
  const splits = stages.map(split);
  const name = splits.includes(null) ? otherKind(stages, facts) : byteLevel(splits.flatMap((parts) => parts ?? []));
  return typeof name === 'function' ? name(facts) : name;
}

function byteLevel(splits: readonly string[]): Name | null {
  const key = splits.filter((part) => part !== BYTES).join('\n');
  const known = splits.includes(BYTES)
    ? BYTE_LEVEL.find(([patterns]) => patterns.map(canonical).join('\n') === key)
    : undefined;
  return known?.[1] ?? null;
}

/** Finds names whose splits have no ByteLevel. */
function otherKind(stages: readonly JsonObject[], facts: Facts): string | null {
  const [stage, ...more] = stages;
  if (!stage || more.length > 0) {
    return null;
  }
  const atSpaces = stage.type === 'Split' && isObject(stage.pattern) && stage.pattern.String === ' ';
  if (atSpaces && stage.behavior === 'MergedWithPrevious' && facts.normalizers.includes('Replace')) {
    return 'gemma4';
  }
  if (stage.type === 'BertPreTokenizer') {
    return 'jina-v2-en';
  }
  return stage.type === 'Whitespace' || stage.type === 'WhitespaceSplit' ? 'whitespace' : null;
}

/** Lists the members of a Sequence, or the single component. The encoder has already checked their number and depth. */
function flatten(value: Json | undefined): JsonObject[] {
  if (!isObject(value)) {
    return [];
  }
  return Array.isArray(value.pretokenizers) ? (value.pretokenizers as readonly Json[]).flatMap(flatten) : [value];
}

const BYTES = 'bytes';

function canonical(pattern: string): string {
  return pattern === 'Punctuation' ? pattern : translateOniguruma(pattern);
}

/** The patterns of a component, in canonical form; null if it has none. */
function split(stage: JsonObject): string[] | null {
  switch (stage.type) {
    case 'ByteLevel':
      return stage.use_regex === false ? [BYTES] : [canonical(GPT2_PATTERN), BYTES];
    case 'Digits':
      return [canonical(stage.individual_digits === true ? '\\p{N}' : '\\p{N}+')];
    case 'Punctuation':
      return [stage.type];
    case 'Split': {
      const pattern = isObject(stage.pattern) ? stage.pattern.Regex : undefined;
      // The patterns match every character, so removing the text between matches is the same as isolating matches.
      const whole = stage.behavior === 'Isolated' || (stage.behavior === 'Removed' && stage.invert === true);
      return typeof pattern === 'string' && whole ? [canonical(pattern)] : null;
    }
    default:
      return null;
  }
}
