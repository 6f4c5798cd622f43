import type { Estimate } from './check-result.js';
import { BATCH_TOKENS } from './memory.js';

/** Collects values, and gives their mean and its standard error. */
export class Samples {
  #sum = 0;
  #squares = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#sum += value;
    this.#squares += value * value;
    this.#count++;
  }

  mean(): Estimate {
    const value = this.#sum / this.#count;
    const variance = this.#squares / this.#count - value * value;
    return { value, error: variance > 0 ? Math.sqrt(variance / (this.#count - 1)) : 0 };
  }
}

/** e^x, with the error that follows from the error of x. */
export function exponential({ value, error }: Estimate): Estimate {
  const power = Math.exp(value);
  return { value: power, error: power * error };
}

/** A stretch of a chunk: the tokens to run, and the tokens that follow them in the text. */
export interface Stretch {
  readonly tokens: Int32Array;
  /** The number of the chunk's tokens before the stretch. */
  readonly past: number;
  /** The index of the first token whose logits are scored. */
  readonly logitsFrom: number;
  /** For each scored token, the one that follows it in the text. */
  readonly next: Int32Array;
}

/**
 * Yields the stretches of a chunk as llama-perplexity runs it (tools/perplexity/perplexity.cpp of llama.cpp v0.5.0). A
 * chunk has `context` tokens and nothing before them. If the vocabulary adds a BOS, it replaces the first token. Only
 * predictions for the second half count.
 * @param bos null to replace no token.
 */
export function* stretches(text: Int32Array, chunk: number, context: number, bos: number | null): Generator<Stretch> {
  const tokens = text.slice(chunk * context, (chunk + 1) * context);
  const next = tokens.slice(1);
  if (bos !== null) {
    tokens[0] = bos;
  }
  const first = Math.floor(context / 2);
  // The last token of a chunk has no successor in it.
  for (let past = 0; past < context - 1; past += BATCH_TOKENS) {
    const end = Math.min(past + BATCH_TOKENS, context - 1);
    const from = Math.min(Math.max(first, past), end);
    yield { tokens: tokens.subarray(past, end), past, logitsFrom: from - past, next: next.subarray(from, end) };
  }
}
