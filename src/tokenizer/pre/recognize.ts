import { UnsupportedError, UsageError } from '../../errors.js';
import type { AutoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { loadEncoder } from '../../hf-tokenizer/encoder.js';
import { UnsupportedTokenizerError } from '../../hf-tokenizer/errors.js';
import { CHECK_TIMEOUT, type WithinTime } from '../../hf-tokenizer/time-limit.js';
import { didYouMean, sameName } from '../../options/near-names.js';
import { CHECK_TEXT } from './check-text.js';
import { preTokenizerByCuts } from './cuts.js';
import { factsOf } from './facts.js';
import { FINGERPRINTS, PRE_TOKENIZER_NAMES } from './fingerprints.js';
import { ownName } from './own-name.js';
import { preTokenizerByStructure } from './structure.js';

/** The pre-tokenizer is unknown, by its fingerprint and by its structure. */
export class UnknownPreTokenizerError extends UnsupportedError {}
/** `--pre-tokenizer` has a name that llama.cpp does not know. */
export class PreTokenizerNameError extends UsageError {}
/** The name for `tokenizer.ggml.pre`, and how it was found. */
export interface RecognizedPreTokenizer {
  readonly name: string;
  readonly by: 'option' | 'fingerprint' | 'structure';
  /** The fingerprint; null where an option made it unnecessary. */
  readonly sha256: string | null;
}

/**
 * Finds the pre-tokenizer's name: from the option, the fingerprint, or the structure of tokenizer.json.
 * @param override the name that `--pre-tokenizer` gives.
 * @throws UnknownPreTokenizerError, PreTokenizerNameError, SlowTokenizerError, MalformedTokenizerError
 */
export async function recognizePreTokenizer(
  tokenizer: AutoTokenizer,
  withinTime: WithinTime,
  override?: string,
): Promise<RecognizedPreTokenizer> {
  if (override !== undefined) {
    return { name: parsePreTokenizer(override), by: 'option', sha256: null };
  }
  try {
    const sha256 = await fingerprint(tokenizer, withinTime);
    const known = FINGERPRINTS.findLast(([hash]) => hash === sha256)?.[1];
    if (known !== undefined) {
      return { name: known, by: 'fingerprint', sha256 };
    }
    const facts = factsOf(tokenizer);
    const name =
      preTokenizerByStructure(tokenizer, facts) ??
      withinTime(CHECK_TIMEOUT, () => preTokenizerByCuts(tokenizer, facts));
    if (name !== null) {
      return { name: ownName(name, tokenizer.modelType), by: 'structure', sha256 };
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
 * The sha256 in hex of the check text's ids, printed as a Python list. Special tokens are added.
 * @throws SlowTokenizerError, MalformedTokenizerError, UnsupportedTokenizerError
 */
export async function fingerprint(tokenizer: AutoTokenizer, withinTime: WithinTime): Promise<string> {
  const encoder = loadEncoder(tokenizer);
  const ids = withinTime(CHECK_TIMEOUT, () => encoder.encode(CHECK_TEXT));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`[${ids.join(', ')}]`));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Finds llama.cpp's spelling of a name. Case, hyphens, underscores and dots do not matter.
 * @throws PreTokenizerNameError
 */
export function parsePreTokenizer(name: string): string {
  const known = sameName(name, PRE_TOKENIZER_NAMES);
  if (known === undefined) {
    throw new PreTokenizerNameError(
      `llama.cpp knows no pre-tokenizer ${JSON.stringify(name)}.`,
      didYouMean(name, PRE_TOKENIZER_NAMES, 'hf2gguf archs --pre-tokenizers lists them.'),
    );
  }
  return known;
}

function unknown(what: string, options?: ErrorOptions): UnknownPreTokenizerError {
  return new UnknownPreTokenizerError(
    what,
    "If you know which of llama.cpp's pre-tokenizers fits, name it with --pre-tokenizer NAME.",
    options,
  );
}
