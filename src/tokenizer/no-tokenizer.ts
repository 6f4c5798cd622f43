import { UnsupportedTokenizerError } from '../hf-tokenizer/errors.js';
import { objectAt, stringAt, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from './context.js';
import { NoTokenizerError } from './errors.js';

const SUPPORTED =
  'Supported are, each for the families that have it, tokenizer.json, vocab.json with merges.txt, vocab.txt ' +
  '(WordPiece), models of SentencePiece (tokenizer.model, spiece.model, sentencepiece.bpe.model), tekken.json, ' +
  "tiktoken's files, and the vocabularies of RWKV and PLaMo.";

const WITH_TRANSFORMERS =
  'Let transformers write a tokenizer.json of them: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER).';

/** Files of tokenizers that cannot be read, and what the error says about them. */
const OTHER_FILES: readonly (readonly [file: string, found?: string, next?: string])[] = [
  ['vocab.json', 'vocab.json and merges.txt', WITH_TRANSFORMERS],
  ['vocab.txt'],
  ['spiece.model'],
  ['sentencepiece.bpe.model'],
  ['tokenizer.jsonl'],
  ['tekken.json'],
];

/** Makes the error for a repository to which no kind of the family's plan applies. */
export async function noTokenizer({ files: repo }: TokenizerContext, files: TokenizerFiles): Promise<Error> {
  if (files.tokenizer) {
    const type = stringAt(objectAt(files.tokenizer, 'model'), 'type') ?? 'unnamed';
    return otherFamilys(`tokenizer.json holds a tokenizer of the kind ${type}`);
  }
  for (const [file, found = file, next] of OTHER_FILES) {
    if (await repo.has(file)) {
      return otherFamilys(`The repository's tokenizer is ${found}`, next);
    }
  }
  return new NoTokenizerError(`${repo.repo.id} holds no tokenizer.`, SUPPORTED);
}

function otherFamilys(found: string, next = SUPPORTED): UnsupportedTokenizerError {
  return new UnsupportedTokenizerError(`${found}, which this model's family is not written with.`, next);
}

/** Makes the error for a kind of tokenizer that cannot be read. */
export function notHandled(found: string, next = SUPPORTED): UnsupportedTokenizerError {
  return new UnsupportedTokenizerError(`The repository's tokenizer is ${found}, which is not handled yet.`, next);
}
