import type { Json, JsonObject } from '../json.js';
import { byteToken } from '../text/byte-tokens.js';
import { arrayField, booleanField, isId, malformed } from './fields.js';

/** The score of an unknown character is the lowest score of all pieces minus this. */
const UNKNOWN_PENALTY = 10;

/** The best path that ends at a position of a word. */
interface Step {
  score: number;
  start: number;
  id: number;
}

/**
 * Unigram: finds the segmentation with the largest sum of scores (Viterbi). Unknown characters next to each other
 * become one piece.
 */
export class Unigram {
  readonly #pieces: readonly Json[];
  readonly #unknown: number | null;
  readonly #byteFallback: boolean;
  readonly #ids = new Map<string, number>();
  /** First code unit of a piece → the lengths in code units of all pieces that begin with it. */
  readonly #lengths = new Map<number, number[]>();
  readonly #unknownScore: number;

  constructor(fields: JsonObject) {
    this.#pieces = arrayField(fields, 'vocab', 'model');
    this.#byteFallback = booleanField(fields, 'byte_fallback', 'model', false);
    const unknown = fields.unk_id ?? null;
    if (unknown !== null && !(isId(unknown) && unknown < this.#pieces.length)) {
      throw malformed('model.unk_id is no piece of the vocabulary');
    }
    this.#unknown = unknown as number | null;
    let worst = Number.POSITIVE_INFINITY;
    const lengths = new Map<number, Set<number>>();
    this.#pieces.forEach((entry, id) => {
      const [piece, score] = Array.isArray(entry) ? (entry as readonly Json[]) : [];
      if (typeof piece !== 'string' || typeof score !== 'number') {
        throw malformed(`model.vocab[${id}] is no piece with a score`);
      }
      this.#ids.set(piece, id);
      worst = Math.min(worst, score);
      const first = piece.charCodeAt(0);
      lengths.set(first, (lengths.get(first) ?? new Set()).add(piece.length));
    });
    this.#unknownScore = worst - UNKNOWN_PENALTY;
    for (const [first, set] of lengths) {
      this.#lengths.set(
        first,
        [...set].sort((a, b) => a - b),
      );
    }
  }

  get size(): number {
    return this.#pieces.length;
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    const entry = this.#pieces[id];
    return Array.isArray(entry) ? String(entry[0]) : undefined;
  }

  encode(word: string): readonly number[] {
    return this.#cut(word).flatMap((piece) => {
      const id = this.#ids.get(piece);
      return id === undefined ? ((this.#byteFallback ? this.#bytes(piece) : null) ?? [this.#unknownId()]) : [id];
    });
  }

  /** The pieces of the best path, in order. */
  #cut(word: string): string[] {
    const pieces: string[] = [];
    const steps = this.#walk(word);
    let unknownEnd = 0;
    for (let end = word.length; end > 0; ) {
      const step = steps[end] as Step;
      const isUnknown = step.id === this.#unknown;
      if (isUnknown && unknownEnd === 0) {
        unknownEnd = end;
      }
      if (!isUnknown && unknownEnd > 0) {
        pieces.push(word.slice(end, unknownEnd));
        unknownEnd = 0;
      }
      if (!isUnknown) {
        pieces.push(word.slice(step.start, end));
      }
      end = step.start;
    }
    return (unknownEnd > 0 ? [...pieces, word.slice(0, unknownEnd)] : pieces).reverse();
  }

  #walk(word: string): (Step | undefined)[] {
    const steps: (Step | undefined)[] = new Array(word.length + 1);
    for (let start = 0; start < word.length; ) {
      const here = steps[start]?.score ?? 0;
      const char = (word.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
      let single = false;
      for (const length of this.#lengths.get(word.charCodeAt(start)) ?? []) {
        const id = start + length <= word.length ? this.#ids.get(word.slice(start, start + length)) : undefined;
        if (id !== undefined) {
          improve(steps, start + length, { score: here + this.#score(id), start, id });
          single ||= length === char;
        }
      }
      if (!single) {
        improve(steps, start + char, { score: here + this.#unknownScore, start, id: this.#unknownId() });
      }
      start += char;
    }
    return steps;
  }

  #score(id: number): number {
    return (this.#pieces[id] as readonly Json[])[1] as number;
  }

  #bytes(piece: string): number[] | null {
    const ids: number[] = [];
    for (const byte of Buffer.from(piece)) {
      const id = this.#ids.get(byteToken(byte));
      if (id === undefined) {
        return null;
      }
      ids.push(id);
    }
    return ids;
  }

  #unknownId(): number {
    if (this.#unknown === null) {
      throw malformed('model.unk_id is null, but the text has characters that no piece covers');
    }
    return this.#unknown;
  }
}

function improve(steps: (Step | undefined)[], end: number, step: Step): void {
  const known = steps[end];
  if (!known || step.score > known.score) {
    steps[end] = step;
  }
}
