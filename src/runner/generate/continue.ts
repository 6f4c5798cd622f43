import type { Engine } from '../engine.js';
import { BATCH_TOKENS } from '../memory.js';
import { NoNumberError } from '../no-number.js';
import type { Sampler } from './sample.js';

export interface ContinueOptions {
  /** The most tokens to generate. */
  readonly limit: number;
  /** Whether the limit comes from the model's context, which has less room than was asked for. */
  readonly isContext?: boolean;
  /** Tokens that end the text. They do not become part of it. */
  readonly ends: ReadonlySet<number>;
  readonly sample: Sampler;
  /** Called when the prompt has been run. */
  readonly onPrompt?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** Why a text ended: by an end token, the number of tokens asked for, the model's context, or the caller. */
export type End = 'end' | 'limit' | 'context' | 'interrupted';

/** Yields the tokens with which the model continues a prompt of at least one token. @throws NoNumberError */
export async function* continueTokens(
  engine: Engine,
  prompt: Int32Array,
  { limit, isContext = false, ends, sample, onPrompt, signal }: ContinueOptions,
): AsyncGenerator<number, End> {
  let logits: Float32Array = new Float32Array(0);
  // The prompt runs batch by batch, so that an interruption does not wait for all of it.
  for (let past = 0; past < prompt.length && !signal?.aborted; past += BATCH_TOKENS) {
    const batch = prompt.subarray(past, past + BATCH_TOKENS);
    [logits] = await engine.run(batch, past, batch.length - 1);
  }
  onPrompt?.();
  const past = [...prompt];
  for (let count = 0; !signal?.aborted; count++) {
    if (count === limit) {
      return isContext ? 'context' : 'limit';
    }
    if (!areNumbers(logits)) {
      throw new NoNumberError(`The model predicts no numbers after ${prompt.length + count} tokens`);
    }
    const token = sample(logits, past);
    past.push(token);
    if (ends.has(token)) {
      return 'end';
    }
    yield token;
    if (count + 1 < limit && !signal?.aborted) {
      [logits] = await engine.run(Int32Array.of(token), prompt.length + count, 0);
    }
  }
  return 'interrupted';
}

/** Whether all logits are finite: only then the sum of their products with 0 is 0. */
function areNumbers(logits: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    sum += (logits[i] ?? 0) * 0;
  }
  return sum === 0;
}
