import { random } from '../quantize/inputs.js';

/** Whole numbers at which readers break. */
const EDGES = [7n, 8n, 15n, 16n, 24n, 31n, 32n, 53n, 62n, 63n, 64n].flatMap((bits) =>
  [-2n, -1n, 0n, 1n].map((step) => 2n ** bits + step),
);
const FLOATS = [0, -0, 1, -1, 0.5, 1e-45, 1e-5, -1e-5, 1e4, 1e30, 3.4e38, Number.NaN, Infinity, -Infinity];

/** Random choices that depend on two numbers alone: the run's seed and a mutation's number. */
export class Dice {
  readonly #seed: number;
  #draws = 0;

  constructor(seed: number, mutation: number) {
    this.#seed = random(seed, mutation);
  }

  /** 0 ... end - 1. */
  below(end: number): number {
    return Math.floor((random(this.#seed, this.#draws++) / 2 ** 32) * end);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  chance(share: number): boolean {
    return this.below(1000) < share * 1000;
  }

  bytes(length: number): Buffer {
    const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random(this.#seed, this.#draws++));
    return Buffer.from(words.buffer, 0, length);
  }

  /** A number of 64 bits: small, at an edge, or any. */
  whole(): bigint {
    const kind = this.below(8);
    if (kind === 0) {
      return this.bytes(8).readBigUInt64LE();
    }
    return BigInt.asUintN(64, kind < 4 ? this.pick(EDGES) : BigInt(this.below(kind < 6 ? 10 : 1000)));
  }

  float(): number {
    return this.chance(0.5) ? this.pick(FLOATS) : this.bytes(4).readFloatLE();
  }
}
