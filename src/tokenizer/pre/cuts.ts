import type { AutoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { buildNormalizer } from '../../hf-tokenizer/normalizers.js';
import { buildPreTokenizer } from '../../hf-tokenizer/pre-tokenizers.js';
import { rebuiltNormalizer, rebuiltPreTokenizer } from '../../hf-tokenizer/rebuild.js';
import { toByteChars } from '../../text/byte-level.js';
import { compileCut } from '../../tokenize/cut.js';
import { PRE_TOKENIZERS, type PreTokenizerSettings } from '../../tokenize/pre-tokenizers.js';
import { PROBE_TEXT } from './check-text.js';
import type { Facts } from './facts.js';

/**
 * Finds the name of a byte-level pre-tokenizer by what it does: the name whose patterns cut a text into the same pieces
 * in llama.cpp. Of several, the one whose flags agree most with the facts. Null if none cuts alike.
 * @throws MalformedTokenizerError, UnsupportedTokenizerError, PatternError
 */
export function preTokenizerByCuts(tokenizer: AutoTokenizer, facts: Facts): string | null {
  const cuts = new Cuts(tokenizer);
  const [best] = PRE_TOKENIZERS.filter((settings) => cuts.areThoseOf(settings)).sort(
    (a, b) => agreement(b, facts) - agreement(a, facts),
  );
  return best?.names[0] ?? null;
}

/** The pieces that a repository's pre-tokenizer cuts a text into. */
export class Cuts {
  readonly #text: string;
  readonly #pieces: string;

  /** @throws MalformedTokenizerError, UnsupportedTokenizerError, PatternError */
  constructor(tokenizer: AutoTokenizer) {
    this.#text = buildNormalizer(rebuiltNormalizer(tokenizer))(PROBE_TEXT);
    this.#pieces = joined(buildPreTokenizer(rebuiltPreTokenizer(tokenizer))(this.#text, true));
  }

  /** Whether llama.cpp's patterns, which see bytes, cut the text in the same places. */
  areThoseOf({ patterns, raw }: PreTokenizerSettings): boolean {
    return !raw && joined(compileCut(patterns)(this.#text).map(toByteChars)) === this.#pieces;
  }
}

/** GPT-2's alphabet has no line break. */
function joined(pieces: readonly string[]): string {
  return pieces.filter((piece) => piece !== '').join('\n');
}

/** How many of llama.cpp's flags are those of the tokenizer. */
export function agreement(settings: PreTokenizerSettings, facts: Facts): number {
  const { ignoreMerges, addBos, addSep, keepsSpaces } = settings;
  return [
    (ignoreMerges ?? false) === facts.ignoresMerges,
    (addBos ?? false) === facts.bos,
    (addSep ?? false) === facts.roberta,
    (keepsSpaces ?? false) === facts.keepsSpaces,
  ].filter((agrees) => agrees).length;
}
