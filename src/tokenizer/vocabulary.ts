import { UnsupportedTokenizerError } from '../hf-tokenizer/errors.js';
import { readTokenizerFiles, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { writeByteLevelBpe } from './byte-level-bpe.js';
import { NoTokenizerError } from './errors.js';
import { isLlamaHf, writeLlamaHf } from './llama-hf.js';
import { writeSentencePiece } from './sentencepiece.js';
import { writeSpecialVocab } from './special-vocab.js';
import type { TokenizerContext } from './tokenizer.js';
import { vocabularySize } from './vocabulary-size.js';

/**
 * Writes the `tokenizer.*` key-values of a model, of the first kind of tokenizer that its family's plan finds.
 * Reference: the `set_vocab` of conversion/llama.py, conversion/qwen.py and conversion/base.py.
 * @returns the files that describe the tokenizer.
 * @throws NoTokenizerError, UnsupportedTokenizerError, MalformedTokenizerError, InvalidTokenIdError,
 *   InvalidVocabularySizeError, MalformedJsonError
 */
export async function writeVocabulary(context: TokenizerContext): Promise<TokenizerFiles> {
  const files = await readTokenizerFiles(context.files);
  if (context.plan === 'llama') {
    await writeLlamaFamily(context, files);
  } else if (context.plan === 'gpt2' || !(await trySentencePiece(context, files))) {
    await writeFromTokenizerJson(context, files, writeByteLevelBpe);
  }
  return files;
}

/** conversion/llama.py, `LlamaModel.set_vocab`. */
async function writeLlamaFamily(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const { kv } = context;
  if (!files.tokenizer && (await context.files.has('tekken.json'))) {
    throw unsupported('tekken.json');
  }
  const addPrefixSpace = files.tokenizerConfig?.add_prefix_space;
  if (addPrefixSpace !== undefined && addPrefixSpace !== null) {
    kv.bool('tokenizer.ggml.add_space_prefix', Boolean(addPrefixSpace));
  }
  if (files.tokenizerConfig?.tokenizer_class === 'HybridDNATokenizer') {
    throw unsupported('a HybridDNATokenizer');
  }
  if (!(await trySentencePiece(context, files))) {
    await writeFromTokenizerJson(context, files, isLlamaHf(files.tokenizer) ? writeLlamaHf : writeByteLevelBpe);
  }
  const size = vocabularySize(context.config);
  if (size === CODE_LLAMA_SIZE) {
    // The other infill tokens of CodeLlama have no key in the reference's writer.
    await writeSpecialVocab(context, files, {
      types: ['prefix', 'suffix', 'middle', 'eot'],
      ids: { eot: CODE_LLAMA_EOT },
    });
  }
  if (size === GRANITE_SIZE) {
    kv.bool('tokenizer.ggml.add_bos_token', false);
  }
}

const CODE_LLAMA_SIZE = 32016;
const CODE_LLAMA_EOT = 32010;
/** Of the small Granite models; the reference knows them by nothing else. */
const GRANITE_SIZE = 49152;

async function trySentencePiece(context: TokenizerContext, files: TokenizerFiles): Promise<boolean> {
  const bytes = await context.files.bytes('tokenizer.model');
  if (bytes) {
    await writeSentencePiece(context, files, bytes);
  }
  return bytes !== null;
}

async function writeFromTokenizerJson(
  context: TokenizerContext,
  files: TokenizerFiles,
  write: (context: TokenizerContext, files: TokenizerFiles) => Promise<void>,
): Promise<void> {
  if (!files.tokenizer) {
    throw await missing(context);
  }
  await write(context, files);
}

const SUPPORTED = 'Supported are tokenizer.json (BPE) and tokenizer.model (SentencePiece).';

const WITH_TRANSFORMERS =
  'Let transformers write a tokenizer.json of them: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER).';

/** Files of tokenizers that are not read here. */
const OTHER_FILES = [
  'vocab.json',
  'vocab.txt',
  'spiece.model',
  'sentencepiece.bpe.model',
  'tokenizer.jsonl',
  'tekken.json',
];

async function missing(context: TokenizerContext): Promise<Error> {
  for (const file of OTHER_FILES) {
    if (await context.files.has(file)) {
      return file === 'vocab.json' ? unsupported('vocab.json and merges.txt', WITH_TRANSFORMERS) : unsupported(file);
    }
  }
  return new NoTokenizerError(`${context.files.repo.id} holds no tokenizer.`, SUPPORTED);
}

function unsupported(found: string, next = SUPPORTED): Error {
  return new UnsupportedTokenizerError(`The repository's tokenizer is ${found}, which is not handled yet.`, next);
}
