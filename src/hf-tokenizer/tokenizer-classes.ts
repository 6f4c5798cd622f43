/**
 * What a fast tokenizer class of transformers changes in a tokenizer.json when it loads it: default special tokens, and
 * components that it rebuilds. Source: transformers 4.57.6, models/NAME/tokenization_NAME_fast.py.
 */
export interface TokenizerClass {
  readonly tokens: SpecialTokens;
  /** Additional special tokens of the class. */
  readonly additional?: readonly string[];
  /** Whether special tokens lose the flags that tokenizer.json gives them. */
  readonly plainSpecial?: true;
  /** Whether the class ignores the padding token that tokenizer.json names in `padding`. */
  readonly ownPadding?: true;
  /**
   * If present, the class replaces the post-processor by BOS, text, EOS. `add_bos_token` (with this default) and
   * `add_eos_token` (default false) decide which are added.
   */
  readonly addBos?: boolean;
  /**
   * Whether the BertNormalizer takes `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` of the
   * configuration.
   */
  readonly bert?: true;
  /** Whether `add_prefix_space: true` also changes a ByteLevel inside a Sequence. */
  readonly nestedPrefixSpace?: true;
  /**
   * Whether tokenizer.json's `add_prefix_space` holds if the configuration has none. For other classes it is then
   * false.
   */
  readonly ownPrefixSpace?: true;
}

/** The roles, in the order in which missing tokens are added. */
export const SPECIAL_TOKEN_NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;
export type SpecialTokenName = (typeof SPECIAL_TOKEN_NAMES)[number];
export type SpecialTokens = Partial<Record<SpecialTokenName, string>>;

const GPT2: SpecialTokens = { bos: '<|endoftext|>', eos: '<|endoftext|>', unk: '<|endoftext|>' };
const LLAMA: SpecialTokens = { bos: '<s>', eos: '</s>', unk: '<unk>' };
const BERT: SpecialTokens = { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' };
const ROBERTA: SpecialTokens = { ...LLAMA, sep: '</s>', pad: '<pad>', cls: '<s>', mask: '<mask>' };
const T5: SpecialTokens = { eos: '</s>', unk: '<unk>', pad: '<pad>' };
const DEBERTA: SpecialTokens = { ...BERT, bos: '[CLS]', eos: '[SEP]' };

/** Classes by `tokenizer_class` without a final `Fast`. A class that is not here changes nothing. */
const CLASSES: Readonly<Record<string, TokenizerClass>> = {
  AlbertTokenizer: { tokens: { ...DEBERTA, unk: '<unk>', pad: '<pad>' } },
  BartTokenizer: { tokens: ROBERTA },
  BertTokenizer: { tokens: BERT, bert: true },
  BloomTokenizer: { tokens: { ...LLAMA, pad: '<pad>' }, nestedPrefixSpace: true },
  CamembertTokenizer: { tokens: ROBERTA },
  CodeGenTokenizer: { tokens: GPT2 },
  CodeLlamaTokenizer: { tokens: LLAMA, addBos: true, additional: ['▁<PRE>', '▁<MID>', '▁<SUF>', '▁<EOT>'] },
  CohereTokenizer: {
    tokens: { bos: '<BOS_TOKEN>', eos: '<|END_OF_TURN_TOKEN|>', unk: '<UNK>' },
    addBos: true,
    nestedPrefixSpace: true,
  },
  ConvBertTokenizer: { tokens: BERT, bert: true },
  DebertaTokenizer: { tokens: DEBERTA },
  DebertaV2Tokenizer: { tokens: DEBERTA },
  DistilBertTokenizer: { tokens: BERT, bert: true },
  ElectraTokenizer: { tokens: BERT, bert: true },
  GemmaTokenizer: { tokens: { bos: '<bos>', eos: '<eos>', unk: '<unk>', pad: '<pad>' }, addBos: true },
  GPT2Tokenizer: { tokens: GPT2 },
  GPTNeoXTokenizer: { tokens: GPT2, addBos: false, ownPadding: true },
  LlamaTokenizer: { tokens: LLAMA, addBos: true, ownPrefixSpace: true },
  LongformerTokenizer: { tokens: ROBERTA },
  MBartTokenizer: { tokens: ROBERTA },
  MobileBertTokenizer: { tokens: BERT, bert: true },
  MPNetTokenizer: { tokens: { ...ROBERTA, unk: '[UNK]' }, bert: true },
  MT5Tokenizer: { tokens: T5, ownPrefixSpace: true },
  Qwen2Tokenizer: {
    tokens: { eos: '<|endoftext|>', unk: '<|endoftext|>', pad: '<|endoftext|>' },
    plainSpecial: true,
  },
  RobertaTokenizer: { tokens: ROBERTA },
  SqueezeBertTokenizer: { tokens: BERT, bert: true },
  T5Tokenizer: { tokens: T5, ownPrefixSpace: true },
  XLMRobertaTokenizer: { tokens: ROBERTA },
};

const GENERIC: TokenizerClass = { tokens: {} };

/** Finds a class by its name, with or without `Fast`. An unknown class changes nothing. */
export function tokenizerClass(name: unknown): TokenizerClass {
  const key = typeof name === 'string' ? name.replace(/Fast$/, '') : '';
  return (Object.hasOwn(CLASSES, key) ? CLASSES[key] : undefined) ?? GENERIC;
}
