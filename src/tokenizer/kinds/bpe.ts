import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { type AutoTokenizer, autoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { buildDecoder, cleanUp } from '../../hf-tokenizer/decoders.js';
import { objectAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import { beyondVocabulary } from '../beyond-vocabulary.js';
import { modelTypeOf, type TokenizerContext } from '../context.js';
import { recognizePreTokenizer } from '../pre/recognize.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { addedTokenEntry, padding } from '../token-types.js';
import { tokensById } from '../tokens-by-id.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

/**
 * Byte-level BPE, from tokenizer.json (`tokenizer.ggml.model` = `gpt2`).
 * Reference: conversion/base.py, `_set_vocab_gpt2` and `get_vocab_base`.
 * `write` also throws what the pre-tokenizer's recognition does.
 */
export const bpe: TokenizerKind = { applies: (_, files) => isBpe(files.tokenizer), write };

/** Older files leave the model's type out. */
function isBpe(tokenizer: JsonObject | null): boolean {
  const { type, merges } = objectAt(tokenizer, 'model');
  return type === 'BPE' || (type === undefined && merges !== undefined);
}

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const auto = autoTokenizer(files, modelTypeOf(context));
  const byId = tokensById(auto);
  const size = vocabularySize(context.config) ?? auto.tokens.size;
  if (byId.length > size) {
    throw beyondVocabulary(byId, size, auto, files);
  }
  const { kv, preTokenizer, withinTime } = context;
  const { name, by } = await recognizePreTokenizer(auto, withinTime, preTokenizer);
  if (by === 'structure') {
    context.guess?.(
      `llama.cpp knows no tokenizer of this fingerprint; by its structure the pre-tokenizer is ${name}.`,
      '--pre-tokenizer overrides it.',
    );
  }
  const { tokens, types } = vocabulary(auto, byId, size);
  kv.string('tokenizer.ggml.model', 'gpt2');
  kv.string('tokenizer.ggml.pre', name);
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, { merges: true });
}

/** What transformers decodes an added token's id to. (Encoding a whole added token gives that id alone.) */
function decodeAdded({ json, init }: AutoTokenizer): (token: string) => string {
  const decoder = buildDecoder(json.decoder);
  return (token) => {
    const text = decoder([token]).join('');
    return init.clean_up_tokenization_spaces === true ? cleanUp(text) : text;
  };
}

function vocabulary(auto: AutoTokenizer, byId: readonly (string | undefined)[], size: number) {
  const decode = decodeAdded(auto);
  const tokens = new Array<string>(size);
  const types = new Int32Array(size);
  for (let id = 0; id < size; id++) {
    const token = byId[id];
    const added = auto.tokens.added.get(id);
    if (token === undefined) {
      tokens[id] = padding(id);
      types[id] = TOKEN_TYPE.unused;
    } else if (added) {
      // llama.cpp takes these as text before normalization; so one that is not normalized is written as it decodes.
      const text = added.normalized ? token : decode(token);
      const entry = addedTokenEntry(text, added.special);
      tokens[id] = entry.text;
      types[id] = entry.type;
    } else {
      tokens[id] = token;
      types[id] = TOKEN_TYPE.normal;
    }
  }
  return { tokens, types };
}
