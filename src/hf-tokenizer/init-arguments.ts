import { isObject, type Json, type JsonObject } from '../json.js';
import { stringAt, type TokenizerFiles } from './tokenizer-files.js';

/**
 * `model_type` → tokenizer class, for repositories that name no class. Source: transformers 4.57.6,
 * tokenization_auto.py.
 */
const CLASS_OF_TYPE: readonly (readonly [RegExp, string])[] = [
  [/^qwen[23]/, 'Qwen2Tokenizer'],
  [
    /^(llama|mistral|mixtral|ministral|arcee|phi3|phimoe|deepseek_v[23]|diffllama|ernie4_5|jamba|jetmoe)/,
    'LlamaTokenizer',
  ],
  [/^(gpt2|gpt_bigcode|gpt_neo$|gptj|starcoder2|granite|exaone4|flex_olmo|olmo3|dbrx|minimax|opt$)/, 'GPT2Tokenizer'],
  [/^(gpt_neox$|mamba|mpt$|olmo|rwkv|stablelm|falcon_mamba|xlstm)/, 'GPTNeoXTokenizer'],
  [/^(codegen|phi)$/, 'CodeGenTokenizer'],
  [/^(gemma|recurrent_gemma|t5gemma)/, 'GemmaTokenizer'],
  [/^cohere/, 'CohereTokenizer'],
  [/^bloom$/, 'BloomTokenizer'],
  [/^bert$/, 'BertTokenizer'],
  [/^distilbert$/, 'DistilBertTokenizer'],
  [/^roberta/, 'RobertaTokenizer'],
  [/^xlm-roberta/, 'XLMRobertaTokenizer'],
  [/^(t5|umt5|longt5)$/, 'T5Tokenizer'],
  [/^mt5$/, 'MT5Tokenizer'],
];

/**
 * The arguments that transformers gives to the tokenizer class: tokenizer_config.json, with `tokenizer_class` filled
 * in. If the file lists no added tokens, it is from an older version, and special_tokens_map.json wins over it.
 * ref-quirk: transformers 4.57.6, `_from_pretrained` in tokenization_utils_base.py.
 */
export function initArguments(files: TokenizerFiles, modelType: string): JsonObject {
  const config = files.tokenizerConfig ?? {};
  const tokenizerClass =
    stringAt(config, 'tokenizer_class') ??
    stringAt(files.config, 'tokenizer_class') ??
    CLASS_OF_TYPE.find(([type]) => type.test(modelType))?.[1] ??
    null;
  if (isObject(config.added_tokens_decoder) || !files.specialTokensMap) {
    return { ...config, tokenizer_class: tokenizerClass };
  }
  const additional = [config, files.specialTokensMap].flatMap((file) => listAt(file, 'additional_special_tokens'));
  return {
    ...config,
    ...files.specialTokensMap,
    additional_special_tokens: additional,
    tokenizer_class: tokenizerClass,
  };
}

/** The list under a key; empty if there is none. */
export function listAt(value: JsonObject, key: string): readonly Json[] {
  const member = value[key];
  return Array.isArray(member) ? member : [];
}
