import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { SourceError, UnsupportedError, UsageError } from '../../errors.js';
import type { JsonObject } from '../../json.js';
import { loadEncoder } from '../encoder/encoder.js';
import { UnsupportedTokenizerError } from '../encoder/fields.js';
import { CHECK_TEXT } from './check-text.js';
import { FINGERPRINTS, PRE_TOKENIZER_NAMES } from './fingerprints.js';
import { nearNames } from './near-names.js';
import { preTokenizerByStructure } from './structure.js';

/** Neither the vocabulary nor the way that tokenizer.json splits is known. */
export class UnknownPreTokenizerError extends UnsupportedError {}
/** `--pre-tokenizer` names one that llama.cpp does not have. */
export class PreTokenizerNameError extends UsageError {}
/** Encoding a short text takes longer than any real tokenizer does. */
export class SlowTokenizerError extends SourceError {}

/** Milliseconds for the check text, which takes a tenth of a second at most: patterns can be made to run for ever. */
const CHECK_TIMEOUT = 20_000;

/** `tokenizer.ggml.pre`, and how it was found. */
export interface PreTokenizer {
  readonly name: string;
  readonly by: 'option' | 'fingerprint' | 'structure';
  /** The fingerprint; null where an option made it needless. */
  readonly sha256: string | null;
}

/**
 * @param params.override `--pre-tokenizer`: wins over everything.
 * @throws UnknownPreTokenizerError, PreTokenizerNameError, SlowTokenizerError, MalformedTokenizerError
 */
export function recognizePreTokenizer(params: {
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject | null;
  readonly override?: string;
}): PreTokenizer {
  const { tokenizerJson, tokenizerConfig, override } = params;
  if (override !== undefined) {
    return { name: checkedName(override), by: 'option', sha256: null };
  }
  try {
    const sha256 = fingerprint(tokenizerJson, tokenizerConfig);
    const known = FINGERPRINTS.findLast(([hash]) => hash === sha256)?.[1];
    if (known !== undefined) {
      return { name: known, by: 'fingerprint', sha256 };
    }
    const name = preTokenizerByStructure(tokenizerJson, tokenizerConfig);
    if (name !== null) {
      return { name, by: 'structure', sha256 };
    }
    throw unknown(`The pre-tokenizer of tokenizer.json is not known (fingerprint ${sha256}).`);
  } catch (cause) {
    if (cause instanceof UnsupportedTokenizerError) {
      throw unknown(cause.what, { cause });
    }
    throw cause;
  }
}

/**
 * sha256, in hex, of the check text's ids, special tokens included, as Python prints a list.
 * @throws SlowTokenizerError, MalformedTokenizerError, UnsupportedTokenizerError
 */
export function fingerprint(tokenizerJson: JsonObject, tokenizerConfig: JsonObject | null): string {
  const encoder = loadEncoder(tokenizerJson, tokenizerConfig);
  const ids = withinTime(() => encoder.encode(CHECK_TEXT));
  return createHash('sha256')
    .update(`[${ids.join(', ')}]`)
    .digest('hex');
}

/** Only a script run by node:vm can be stopped, a regular expression inside it included. */
function withinTime<T>(work: () => T): T {
  try {
    return runInNewContext('work()', { work }, { timeout: CHECK_TIMEOUT }) as T;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new SlowTokenizerError(
        `tokenizer.json needs more than ${CHECK_TIMEOUT / 1000} s for a text of ${CHECK_TEXT.length} characters: one of its patterns is malformed.`,
        'Name the pre-tokenizer with --pre-tokenizer NAME if you trust the repository.',
        { cause },
      );
    }
    throw cause;
  }
}

function checkedName(name: string): string {
  if (PRE_TOKENIZER_NAMES.includes(name)) {
    return name;
  }
  const near = nearNames(name, PRE_TOKENIZER_NAMES);
  const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'See --help for the names.';
  throw new PreTokenizerNameError(`llama.cpp knows no pre-tokenizer ${JSON.stringify(name)}.`, hint);
}

function unknown(what: string, options?: ErrorOptions): UnknownPreTokenizerError {
  return new UnknownPreTokenizerError(
    what,
    "If you know which of llama.cpp's pre-tokenizers fits, name it with --pre-tokenizer NAME.",
    options,
  );
}
