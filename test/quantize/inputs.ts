/**
 * The inputs of the kernel vectors: float32 values from a counter through exact integer steps, IEEE double arithmetic
 * and one rounding, so that they are the same everywhere.
 */
export interface InputSpec {
  readonly id: string;
  readonly dist: string;
  readonly seed: number;
  readonly nrows: number;
  readonly ncols: number;
  /** Of the little-endian float32 bytes. */
  readonly sha256: string;
}

export interface WeightsSpec {
  readonly id: string;
  readonly kind: string;
  readonly seed: number;
  readonly ncols: number;
  readonly sha256: string;
}

/** Element `k` of the random stream `seed`: a Weyl step and murmur3's finalizer. */
export function random(seed: number, k: number): number {
  let x = (seed + Math.imul(k + 1, 0x9e3779b9)) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const scratch = new DataView(new ArrayBuffer(4));

function fromBits(bits: number): number {
  scratch.setUint32(0, bits >>> 0);
  return scratch.getFloat32(0);
}

function toBits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function bfloat(value: number): number {
  const bits = toBits(value);
  return fromBits((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
}

interface Element {
  /** Index in the whole tensor. */
  readonly i: number;
  readonly row: number;
  readonly col: number;
  readonly ncols: number;
  readonly seed: number;
  /** Draw `j` (0 ... 7) of the element. */
  u(j: number): number;
}

type Distribution = (e: Element) => number;

/** The sum of eight uniform numbers: about normal, with standard deviation 0.02. */
function normal({ u }: Element): number {
  let sum = 0;
  for (let j = 0; j < 4; j++) sum += (u(j) & 0xffff) + (u(j) >>> 16);
  return ((sum - 262140) / 65536) * 0.0245;
}

/** A draw that the elements of a block of `size` share. */
function shared({ seed, i }: Element, size: number): number {
  return random((seed ^ 0xa5a5a5a5) >>> 0, Math.floor(i / size));
}

function oneInEachRow(value: number): Distribution {
  return (e) => (e.col === random((e.seed ^ 0xa5a5a5a5) >>> 0, e.row) % e.ncols ? value : normal(e));
}

function blockMix(e: Element): number {
  const block = shared(e, 32);
  const kind = block % 16;
  if (kind === 0) return 0;
  if (kind === 1) return 0.03;
  return (normal(e) + (block & 0x100 ? 0.01 : 0)) * 2 ** (kind - 12);
}

const TAILS = [0.25, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 1, 1.5, 2, 3, 6, 20, 100];
const CONSTANTS = [0.0173, -0.5, 0.001];

const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  normal,
  normal_bf16: (e) => bfloat(normal(e)),
  coarse: (e) => Math.floor((normal(e) / 0.0245) * 512) / 16384,
  student: (e) => normal(e) * (TAILS[e.u(4) & 15] ?? 0),
  uniform: (e) => (((e.u(0) >>> 8) / 16777216) * 2 - 1) * 0.1,
  sparse: (e) => ((e.u(4) & 7) < 6 ? (e.u(4) & 8 ? -0 : 0) : normal(e)),
  zeros: (e) => (e.row % 3 === 0 ? 0 : e.row % 3 === 1 ? -0 : e.i & 1 ? -0 : 0),
  const: (e) => CONSTANTS[e.row % 3] ?? 0,
  outlier32: (e) => (e.i % 32 === shared(e, 32) % 32 ? normal(e) * 2000 : normal(e)),
  outlier256: (e) => (e.i % 256 === shared(e, 256) % 256 ? (shared(e, 256) & 0x10000 ? -8 : 8) : normal(e)),
  denormal: (e) => fromBits(e.u(0) & 0x807fffff),
  tiny: (e) => normal(e) * 2 ** -20,
  subscale: (e) => normal(e) * 2 ** -12,
  huge: (e) => normal(e) * 2 ** 20,
  overflow: (e) => normal(e) * 2 ** 28,
  alternating: (e) => (e.i & 1 ? -1 : 1) * (1 + (e.u(0) & 0xffff) / 65536) * 0.01,
  grid4: (e) => ((e.u(0) & 15) - 8) * 0.125,
  ternary: (e) => ((e.u(0) % 3) - 1) * 0.5,
  grid8: (e) => ((e.u(0) % 255) - 127) / 128,
  negative: (e) => -Math.abs(normal(e)),
  positive: (e) => Math.abs(normal(e)),
  biased: (e) => normal(e) + 0.05,
  pow2edge: (e) => fromBits((((117 + (e.u(0) % 21)) << 23) + (e.u(1) % 3) - 1) | (e.u(1) & 0x10000 ? 0x80000000 : 0)),
  ramp: (e) => (e.col - e.ncols / 2) / e.ncols,
  ties: (e) => ((e.u(0) % 7) - 3) * 0.1,
  blockmix: blockMix,
  nearequal: (e) => 1 + (e.u(0) & 0xff) * 2 ** -23,
  powers: (e) => (e.u(1) & 1 ? -1 : 1) * 2 ** -(e.u(0) % 30),
  spike: (e) => (e.i % 256 === shared(e, 256) % 256 ? normal(e) : 0),
  nan: oneInEachRow(Number.NaN),
  inf: oneInEachRow(Number.POSITIVE_INFINITY),
  ninf: oneInEachRow(Number.NEGATIVE_INFINITY),
  fltmax: (e) => (e.u(0) & 1 ? -1 : 1) * 3.4028234663852886e38,
  allnan: () => Number.NaN,
};

export const DISTRIBUTION_NAMES = Object.keys(DISTRIBUTIONS);

/** (nrows, ncols) values of a distribution. */
export function makeInput(dist: string, seed: number, nrows: number, ncols: number): Float32Array {
  const distribution = DISTRIBUTIONS[dist];
  if (distribution === undefined) throw new Error(`no distribution ${dist}`);
  return Float32Array.from({ length: nrows * ncols }, (_, i) => {
    const u = (j: number) => random(seed, 8 * i + j);
    return distribution({ i, row: Math.floor(i / ncols), col: i % ncols, ncols, seed, u });
  });
}

type Weight = (draw: number, uniform: number) => number;

const WEIGHTS: Readonly<Record<string, Weight>> = {
  rand: (_, uniform) => uniform,
  ones: () => 1,
  zeros: (draw, uniform) => (draw & 1 ? 0 : uniform),
  allzero: () => 0,
  skew: (draw, uniform) => uniform * 2 ** -((draw & 0xff) % 24),
};

export const WEIGHT_NAMES = Object.keys(WEIGHTS);

/** Importance weights: one vector of ncols values for all rows. */
export function makeWeights(kind: string, seed: number, ncols: number): Float32Array {
  const weight = WEIGHTS[kind];
  if (weight === undefined) throw new Error(`no weights ${kind}`);
  return Float32Array.from({ length: ncols }, (_, column) => {
    const draw = random(seed, column);
    return weight(draw, ((draw >>> 8) + 1) / 16777216);
  });
}
