/** Picks the next token from the logits of a vocabulary. `past` has the tokens before it. */
export type Sampler = (logits: Float32Array, past?: readonly number[]) => number;

/** How tokens are picked. */
export interface SamplingOptions {
  /** Above 0, tokens are drawn at random; 0 always picks the likeliest. @default 0 */
  readonly temperature?: number;
  /** Draws only from so many of the likeliest tokens; 0: from all. @default 40 */
  readonly topK?: number;
  /** Draws only from the likeliest tokens whose probabilities, before the temperature, add up to this. @default 0.95 */
  readonly topP?: number;
  /** A value over 1 makes tokens among the last 64 less likely. @default 1 */
  readonly repeatPenalty?: number;
  /** Equal seeds give equal texts. @default a random one */
  readonly seed?: number;
}

/**
 * Makes a sampler with the steps of llama.cpp's, in their order: penalty, top-k, top-p, temperature, random draw. Its
 * random numbers differ from llama.cpp's.
 */
export function createSampler(options: SamplingOptions = {}): Sampler {
  const { repeatPenalty = 1 } = options;
  const choose = createChoice(options);
  return (logits, past = []) =>
    choose(repeatPenalty === 1 ? logits : penalized(logits, past.slice(-REPEAT_LAST), repeatPenalty));
}

/** The number of last tokens that count as repeated: llama.cpp's default. */
const REPEAT_LAST = 64;

/**
 * Reduces the logits of tokens that occurred before: a positive logit is divided by the penalty, a negative one
 * multiplied. The number of occurrences does not count. Source: llama_sampler_penalties_apply in src/llama-sampler.cpp
 * of llama.cpp v0.5.0.
 */
export function penalized(logits: Float32Array, past: readonly number[], penalty: number): Float32Array {
  const changed = logits.slice();
  for (const token of new Set(past)) {
    const logit = logits[token] ?? 0;
    changed[token] = logit <= 0 ? logit * Math.fround(penalty) : logit / Math.fround(penalty);
  }
  return changed;
}

function createChoice(options: SamplingOptions): (logits: Float32Array) => number {
  const { temperature = 0, topK = 40, topP = 0.95, seed = Math.floor(Math.random() * 2 ** 32) } = options;
  if (temperature <= 0) {
    return likeliest;
  }
  const random = randomNumbers(seed);
  return (logits) => {
    const candidates = withinTopP(likeliestOnes(logits, topK), logits, topP);
    const weights = softmax(candidates.map((token) => (logits[token] ?? 0) / temperature));
    return candidates[pick(weights, random())] ?? likeliest(logits);
  };
}

/** The likeliest token; the first of several. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) {
    if ((logits[token] ?? 0) > (logits[best] ?? 0)) {
      best = token;
    }
  }
  return best;
}

/** The likeliest tokens in order. Sorting the whole vocabulary would take longer than running a small model. */
function likeliestOnes(logits: Float32Array, count: number): number[] {
  const logit = (token: number | undefined) => (token === undefined ? Number.NEGATIVE_INFINITY : (logits[token] ?? 0));
  if (count <= 0 || count >= logits.length) {
    return [...Uint32Array.from(logits, (_, token) => token).sort((a, b) => logit(b) - logit(a))];
  }
  const best: number[] = [];
  for (let token = 0; token < logits.length; token++) {
    if (best.length < count || logit(token) > logit(best.at(-1))) {
      const place = best.findIndex((other) => logit(token) > logit(other));
      best.splice(place < 0 ? best.length : place, 0, token);
      best.length = Math.min(best.length, count);
    }
  }
  return best;
}

/** The candidates within `topP`, at least one. */
function withinTopP(candidates: readonly number[], logits: Float32Array, topP: number): number[] {
  const probabilities = softmax(candidates.map((token) => logits[token] ?? 0));
  return candidates.slice(0, pick(probabilities, topP) + 1);
}

/** The index at which the running sum of probabilities reaches a share. */
function pick(probabilities: readonly number[], share: number): number {
  let sum = 0;
  const index = probabilities.findIndex((probability) => {
    sum += probability;
    return sum >= share;
  });
  return index < 0 ? probabilities.length - 1 : index;
}

function softmax(logits: readonly number[]): number[] {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Random numbers, uniform in [0, 1), by SplitMix32. */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
