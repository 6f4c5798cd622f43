/**
 * What transformers' fast tokenizer classes change in a tokenizer.json when they load it: the special tokens that they
 * have unless tokenizer_config.json names others, and what they rebuild. transformers 4.57.6, models/x/tokenization_x_fast.py.
 */
export interface TokenizerClass {
  readonly tokens: SpecialTokens;
  /** Additional special tokens that the class has of itself. */
  readonly additional?: readonly string[];
  /** The special tokens become plain special ones, whatever flags tokenizer.json gives them. */
  readonly plainSpecial?: true;
  /** tokenizer.json's `padding` names no padding token for this class. */
  readonly ownPadding?: true;
  /** The post-processor is replaced by BOS, text, EOS as `add_bos_token` (this default) and `add_eos_token` (false) say. */
  readonly addBos?: boolean;
  /** The BertNormalizer follows `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`. */
  readonly bert?: true;
  /** `add_prefix_space: true` reaches a ByteLevel inside a Sequence too. */
  readonly nestedPrefixSpace?: true;
  /** Without `add_prefix_space` in the configuration, tokenizer.json's own holds; elsewhere it is false. */
  readonly ownPrefixSpace?: true;
}

/** The order in which missing ones are added. */
export const SPECIAL_TOKEN_NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;
export type SpecialTokenName = (typeof SPECIAL_TOKEN_NAMES)[number];
export type SpecialTokens = Partial<Record<SpecialTokenName, string>>;

const GPT2: SpecialTokens = { bos: '<|endoftext|>', eos: '<|endoftext|>', unk: '<|endoftext|>' };
const LLAMA: SpecialTokens = { bos: '<s>', eos: '</s>', unk: '<unk>' };
const BERT: SpecialTokens = { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' };
const ROBERTA: SpecialTokens = { ...LLAMA, sep: '</s>', pad: '<pad>', cls: '<s>', mask: '<mask>' };
const T5: SpecialTokens = { eos: '</s>', unk: '<unk>', pad: '<pad>' };
const DEBERTA: SpecialTokens = { ...BERT, bos: '[CLS]', eos: '[SEP]' };

/** By `tokenizer_class`, without a final `Fast`. Classes that are not here change nothing. */
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

export function tokenizerClass(name: unknown): TokenizerClass {
  const key = typeof name === 'string' ? name.replace(/Fast$/, '') : '';
  return (Object.hasOwn(CLASSES, key) ? CLASSES[key] : undefined) ?? GENERIC;
}
