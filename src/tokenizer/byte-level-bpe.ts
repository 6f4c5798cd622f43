import { TOKEN_TYPE } from '../gguf/token-type.js';
import { type AutoTokenizer, autoTokenizer } from '../hf-tokenizer/auto-tokenizer.js';
import { buildDecoder, cleanUp } from '../hf-tokenizer/decoders.js';
import { malformedFile, UnsupportedTokenizerError } from '../hf-tokenizer/errors.js';
import { objectAt, stringAt, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { isObject, type JsonObject } from '../json.js';
import { recognizePreTokenizer } from './pre/recognize.js';
import { writeSpecialVocab } from './special-vocab.js';
import { type TokenOrigin, tokenOrigin } from './token-origin.js';
import { addedTokenEntry, padding } from './token-types.js';
import type { TokenizerContext } from './tokenizer.js';
import { tokensById } from './tokens-by-id.js';
import { vocabularySize } from './vocabulary-size.js';

/**
 * Byte-level BPE, from tokenizer.json (`tokenizer.ggml.model` = `gpt2`).
 * Reference: conversion/base.py, `_set_vocab_gpt2` and `get_vocab_base`.
 * @throws MalformedTokenizerError, InvalidTokenIdError, UnsupportedTokenizerError, and what the pre-tokenizer's recognition throws
 */
export async function writeByteLevelBpe(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  checkModel(files.tokenizer);
  const auto = autoTokenizer(files, String(context.config.hparams.model_type ?? ''));
  const byId = tokensById(auto);
  const size = vocabularySize(context.config) ?? auto.tokens.size;
  if (byId.length > size) {
    throw beyondVocabulary(byId, size, (token) => tokenOrigin(token, auto, files));
  }
  const { kv, preTokenizer } = context;
  const { name, by } = recognizePreTokenizer(auto, preTokenizer);
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

function beyondVocabulary(
  tokens: readonly (string | undefined)[],
  size: number,
  originOf: (token: string) => TokenOrigin | null,
): Error {
  const id = tokens.length - 1;
  const token = tokens[id] ?? '';
  const origin = originOf(token);
  const shown = JSON.stringify(token);
  return origin
    ? malformedFile(
        origin.file,
        `${origin.says} ${shown}, which is no token of tokenizer.json and would get the id ${id}; config.json says vocab_size ${size}`,
        origin.next,
      )
    : malformedFile(
        'tokenizer.json',
        `has the token ${shown} with id ${id}, but config.json says vocab_size ${size}`,
        'Correct vocab_size in config.json, or take the tokenizer that belongs to the model.',
      );
}

function checkModel(tokenizer: JsonObject | null): void {
  const model = objectAt(tokenizer, 'model');
  const type = stringAt(model, 'type') ?? (model.merges === undefined ? 'unnamed' : 'BPE');
  if (type !== 'BPE') {
    throw new UnsupportedTokenizerError(
      `tokenizer.json holds a tokenizer of the kind ${type}, which this model's family is not written with.`,
      'Supported are BPE in tokenizer.json and SentencePiece in tokenizer.model.',
    );
  }
  if (!isObject(model.vocab)) {
    throw malformedFile('tokenizer.json', 'has no model.vocab');
  }
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
