import type { JsonObject } from '../../json.js';
import type { SmallFiles } from '../../repo/small-files.js';
import { readMergesFile } from '../merges.js';

const VOCABULARY = 'vocab.json';
const MERGES = 'merges.txt';

/** Whether a repository has the files of a byte-level BPE from before tokenizer.json. */
export async function hasVocabAndMerges(files: SmallFiles): Promise<boolean> {
  return (await files.has(VOCABULARY)) && (await files.has(MERGES));
}

/** How Qwen 2 cuts text; all other classes with these files do it as GPT-2. */
const QWEN2 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/**
 * The tokenizer.json that transformers makes of vocab.json and merges.txt.
 * Source: transformers 4.57.6, `GPT2Converter` and `Qwen2Converter` in convert_slow_tokenizer.py.
 * @param className `tokenizer_class`, or empty.
 * @throws MalformedTokenizerError, MalformedJsonError
 */
export async function tokenizerOfVocabAndMerges(files: SmallFiles, className: string): Promise<JsonObject> {
  const isQwen2 = /^Qwen2Tokenizer(Fast)?$/.test(className);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: !isQwen2 };
  const split = { type: 'Split', pattern: { Regex: QWEN2 }, behavior: 'Isolated', invert: false };
  return {
    added_tokens: [],
    normalizer: isQwen2 ? { type: 'NFC' } : null,
    pre_tokenizer: isQwen2 ? { type: 'Sequence', pretokenizers: [split, byteLevel] } : byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model: { type: 'BPE', vocab: await files.json(VOCABULARY), merges: [...(await readMergesFile(files))] },
  };
}
