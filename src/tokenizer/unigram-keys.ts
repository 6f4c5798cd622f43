import type { KeyValues } from '../gguf/key-values.js';
import { malformedFile } from '../hf-tokenizer/errors.js';
import type { SentencePieceNormalizer } from './model-proto.js';

/** A vocabulary that `writeUnigram` writes, by id. */
export interface UnigramVocabulary {
  readonly tokens: readonly string[];
  readonly scores: ArrayLike<number>;
  /** The TOKEN_TYPE of each token. */
  readonly types: ArrayLike<number>;
}

/** Writes the keys of a unigram vocabulary, without those of its normalizer. */
export function writeUnigram(kv: KeyValues, { tokens, scores, types }: UnigramVocabulary): void {
  kv.string('tokenizer.ggml.model', 't5');
  kv.string('tokenizer.ggml.pre', 'default');
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.scores', 'f32', scores);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
}

/**
 * Writes the keys of the normalizer.
 * @param file where it is from.
 * @throws MalformedTokenizerError for a map of characters that is shorter than it says; no library loads such a map.
 */
export function writeUnigramNormalizer(
  kv: KeyValues,
  { mergeSpaces, charsMap }: Pick<SentencePieceNormalizer, 'mergeSpaces' | 'charsMap'>,
  file: string,
): void {
  const [a = 0, b = 0, c = 0, d = 0] = charsMap;
  const trie = a + 2 ** 8 * b + 2 ** 16 * c + 2 ** 24 * d;
  if (charsMap.length > 0 && 4 + trie >= charsMap.length) {
    throw malformedFile(file, `has a map of characters of ${charsMap.length} bytes, whose trie alone has ${trie}`);
  }
  kv.bool('tokenizer.ggml.remove_extra_whitespaces', mergeSpaces);
  if (charsMap.length > 0) {
    kv.array('tokenizer.ggml.precompiled_charsmap', 'u8', charsMap);
  }
}
