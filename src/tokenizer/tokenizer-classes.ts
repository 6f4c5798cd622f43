/**
 * What transformers' tokenizer classes bring along: the special tokens that a class adds when the files name none.
 * Facts: transformers 4.57.6, `models/<type>/tokenization_<type>_fast.py` (the defaults of `__init__`) and
 * `models/auto/tokenization_auto.py` (the class of a model type). A class that is not listed brings nothing.
 */
export interface TokenizerClass {
  /** `bos_token` and its like → text. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly additional?: readonly string[];
  /** The class makes its special tokens plain special ones, whatever flags tokenizer.json gives them. */
  readonly overrides?: boolean;
}

const NONE: TokenizerClass = { defaults: {} };
const LLAMA: TokenizerClass = { defaults: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' } };
const ENDOFTEXT: TokenizerClass = {
  defaults: { unk_token: '<|endoftext|>', bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' },
};

/** Class names without `Fast`. */
const CLASSES: Readonly<Record<string, TokenizerClass>> = {
  BloomTokenizer: { defaults: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>', pad_token: '<pad>' } },
  CodeGenTokenizer: ENDOFTEXT,
  CodeLlamaTokenizer: { ...LLAMA, additional: ['▁<PRE>', '▁<MID>', '▁<SUF>', '▁<EOT>', '<FILL_ME>'] },
  CohereTokenizer: {
    defaults: { unk_token: '<UNK>', bos_token: '<BOS_TOKEN>', eos_token: '<|END_OF_TURN_TOKEN|>' },
  },
  GPT2Tokenizer: ENDOFTEXT,
  GPTNeoXTokenizer: ENDOFTEXT,
  GemmaTokenizer: {
    defaults: { unk_token: '<unk>', bos_token: '<bos>', eos_token: '<eos>', pad_token: '<pad>' },
  },
  LlamaTokenizer: LLAMA,
  Qwen2Tokenizer: {
    overrides: true,
    defaults: { unk_token: '<|endoftext|>', eos_token: '<|endoftext|>', pad_token: '<|endoftext|>' },
  },
  WhisperTokenizer: { ...ENDOFTEXT, overrides: true },
};

/** The class of a model type whose repository names no tokenizer class. */
const CLASS_OF_TYPE: readonly (readonly [RegExp, string])[] = [
  [/^qwen[23]/, 'Qwen2Tokenizer'],
  [/^(llama|mistral|mixtral|mistral3|ministral|arcee|phi3|deepseek_v[23])/, 'LlamaTokenizer'],
  [/^(gpt2|gpt_bigcode|starcoder2|granite|exaone4|olmo3|dbrx)/, 'GPT2Tokenizer'],
  [/^(gpt_neox|mamba|mpt|olmo|stablelm|falcon_mamba)/, 'GPTNeoXTokenizer'],
];

/** `name` as in `tokenizer_class`, with or without `Fast`; null: the class that goes with `modelType`. */
export function tokenizerClass(name: string | null, modelType: string): TokenizerClass {
  const known = name?.replace(/Fast$/, '') ?? CLASS_OF_TYPE.find(([type]) => type.test(modelType))?.[1];
  return (known !== undefined && Object.hasOwn(CLASSES, known) && CLASSES[known]) || NONE;
}
