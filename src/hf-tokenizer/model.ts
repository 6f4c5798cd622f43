import type { Json, JsonObject } from '../json.js';
import { Bpe } from './bpe.js';
import { component, unsupported } from './fields.js';
import { Unigram } from './unigram.js';
import { WordPiece } from './word-piece.js';

/** Turns a word, which the pre-tokenizer has cut out, into ids. */
export interface TokenizerModel {
  /** The number of entries in the vocabulary, without added tokens. */
  readonly size: number;
  encode(word: string): readonly number[];
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
}

/** Builds the `model` of tokenizer.json. Older files do not name its type. */
export function buildModel(value: Json | undefined): TokenizerModel {
  const { type, fields } = component(withType(value), 'model');
  switch (type) {
    case 'BPE':
      return new Bpe(fields);
    case 'WordPiece':
      return new WordPiece(fields);
    case 'Unigram':
      return new Unigram(fields);
    default:
      throw unsupported(`the model ${type}`);
  }
}

function withType(value: Json | undefined): Json | undefined {
  if (typeof value !== 'object' || value === null || 'type' in value || Array.isArray(value)) {
    return value;
  }
  const fields = value as JsonObject;
  return { ...fields, type: 'merges' in fields ? 'BPE' : Array.isArray(fields.vocab) ? 'Unigram' : 'WordPiece' };
}
