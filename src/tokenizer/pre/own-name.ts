import { sameName } from '../../options/near-names.js';
import { PRE_TOKENIZERS } from '../../tokenize/pre-tokenizers.js';

/** Families whose pre-tokenizer is not named like their `model_type`. Source: `get_vocab_base_pre` in conversion/base.py. */
const OTHERWISE_NAMED: readonly (readonly [modelType: RegExp, name: string])[] = [
  [/^bailing_moe_/, 'bailingmoe2'],
  [/^granite|^gpt_refact$/, 'refact'],
  [/^hunyuan_(v1_dense|vl)$/, 'hunyuan-dense'],
  [/^hunyuan/, 'hunyuan'],
];

/** Of the names that llama.cpp treats as it does `name`, the one that the model's own family has; else `name`. */
export function ownName(name: string, modelType: string): string {
  const alike = PRE_TOKENIZERS.find(({ names }) => names.includes(name))?.names ?? [];
  const own = OTHERWISE_NAMED.find(([type]) => type.test(modelType))?.[1] ?? modelType;
  return sameName(own, alike) ?? name;
}
