/**
 * The kernels against `ggml_quantize_chunk` of the prebuilt libggml-base.so: one thread, the same normal
 * weights in float32, without and with importance weights, runs interleaved, the median, outputs compared byte for byte.
 *
 *   node out/bench/quantize.js [TYPE...]
 */
import { GGML_TYPES, type GgmlType, rowBytes } from '#src/gguf/types.js';
import { availableTargets, type InstructionSet, quantizeRows } from '#src/quantize/native.js';
import { type Ggml, loadGgml, peerMissing } from '../test/peer/ggml.js';
import { NEED_WEIGHTS, TYPES } from '../test/quantize/vectors.js';

const COLUMNS = 2048;
const RUNS = 3;
/** Seconds that the peer takes for one run, about: a slow type gets fewer rows. */
const PEER_SECONDS = 1;
const MOST_ROWS = 32768;

/** Ratios that must hold, on AVX2 and better, without and with weights. */
const FLOORS: Partial<Record<GgmlType, number>> = {
  ...{ Q2_K: 8, Q4_K: 8, Q5_K: 8, Q3_K: 6, Q6_K: 6 },
  ...{ IQ1_S: 4, IQ1_M: 4, IQ2_XXS: 4, IQ2_XS: 4, IQ2_S: 4, IQ3_XXS: 4, IQ3_S: 4, IQ4_NL: 4, IQ4_XS: 4 },
  ...{ Q4_0: 2, Q4_1: 2, Q5_0: 2, Q5_1: 2, Q8_0: 2, TQ1_0: 2, TQ2_0: 2, MXFP4: 2, NVFP4: 2, Q1_0: 2, Q2_0: 2 },
  ...{ F16: 2, BF16: 2 },
};
/** A kernel that runs at this share of a plain copy's rate of bytes is limited by the memory, not by itself. */
const BANDWIDTH_SHARE = 0.5;
/** Types whose kernels take weights. */
const IGNORE_WEIGHTS: readonly GgmlType[] = [
  ...(['F16', 'BF16', 'Q8_0', 'MXFP4', 'NVFP4', 'TQ1_0', 'TQ2_0', 'Q1_0', 'Q2_0'] as const),
];

/** Normal numbers with standard deviation 0.02, by Box and Muller. */
function normalWeights(count: number): Float32Array {
  const weights = new Float32Array(count);
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  for (let i = 0; i < count; i += 2) {
    const radius = 0.02 * Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    weights[i] = radius * Math.cos(angle);
    weights[i + 1] = radius * Math.sin(angle);
  }
  return weights;
}

function seconds(run: () => void): number {
  const start = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

interface Result {
  readonly type: GgmlType;
  readonly weighted: boolean;
  readonly on: InstructionSet;
  /** Weights a second. */
  readonly peer: number;
  readonly ours: number;
  /** Bytes read and written, of a plain copy's rate. */
  readonly bandwidth: number;
  readonly same: boolean;
}

/** Bytes a second that a copy of memory reads and writes. */
function copyRate(weights: Float32Array): number {
  const target = new Uint8Array(weights.byteLength);
  const source = new Uint8Array(weights.buffer);
  return (2 * source.length) / median(Array.from({ length: 5 }, () => seconds(() => target.set(source))));
}

/** As many rows as the peer does in about PEER_SECONDS. */
function rowsFor(ggml: Ggml, type: GgmlType, all: Float32Array, importance: Float32Array | undefined): number {
  const sample = 64;
  const output = new Uint8Array(sample * rowBytes(type, COLUMNS));
  const values = all.subarray(0, sample * COLUMNS);
  ggml.quantizeChunk(GGML_TYPES[type][0], values, sample, COLUMNS, output, importance); // makes its tables
  const time = seconds(() => ggml.quantizeChunk(GGML_TYPES[type][0], values, sample, COLUMNS, output, importance));
  return Math.max(sample, Math.min(MOST_ROWS, Math.floor((sample * PEER_SECONDS) / time)));
}

function measure(ggml: Ggml, type: GgmlType, all: Float32Array, importance: Float32Array | undefined): Result[] {
  const rows = rowsFor(ggml, type, all, importance);
  const weights = all.subarray(0, rows * COLUMNS);
  const expected = new Uint8Array(rows * rowBytes(type, COLUMNS));
  const target = new Uint8Array(expected.length);
  const source = new Uint8Array(weights.buffer, 0, weights.byteLength);
  const params = { type, source, sourceType: 'F32', via: 'F32', rows, columns: COLUMNS, target } as const;
  const peerTimes: number[] = [];
  const ours = availableTargets().map((on) => ({ on, times: [] as number[], same: true }));
  for (let run = 0; run < RUNS; run++) {
    peerTimes.push(
      seconds(() => ggml.quantizeChunk(GGML_TYPES[type][0], weights, rows, COLUMNS, expected, importance)),
    );
    for (const result of ours) {
      target.fill(0);
      result.times.push(seconds(() => quantizeRows({ ...params, weights: importance, on: result.on })));
      result.same &&= Buffer.compare(target, expected) === 0;
    }
  }
  const count = rows * COLUMNS;
  const bytes = source.length + target.length;
  return ours.map(({ on, times, same }) => ({
    type,
    weighted: importance !== undefined,
    on,
    peer: count / median(peerTimes),
    ours: count / median(times),
    bandwidth: bytes / median(times) / copied,
    same,
  }));
}

function report({ type, weighted, on, peer, ours, bandwidth, same }: Result): boolean {
  const ratio = ours / peer;
  const floor = on === 'scalar' ? undefined : FLOORS[type];
  const bound = bandwidth >= BANDWIDTH_SHARE;
  const remarks = [same ? 'same bytes' : 'BYTES DIFFER'];
  if (bound) remarks.push(`${Math.round(bandwidth * 100)} % of a copy's bandwidth`);
  if (floor !== undefined) {
    remarks.push(ratio >= floor ? `at least ${floor}x` : bound ? `limited by the memory` : `LESS THAN ${floor}x`);
  }
  const rate = (value: number) => (value / 1e6).toFixed(value < 1e7 ? 2 : 0).padStart(9);
  const cells = [type.padEnd(7), weighted ? 'yes' : 'no ', on.padEnd(6), rate(peer), rate(ours)];
  console.log(`${cells.join('  ')}  ${`${ratio.toFixed(2)}x`.padStart(7)}  ${remarks.join(', ')}`);
  return same && (ratio >= (floor ?? 0) || bound);
}

if (peerMissing !== undefined) throw new Error(peerMissing);
const asked = TYPES.filter((type) => type !== 'F32' && (process.argv.length < 3 || process.argv.includes(type)));
const all = normalWeights(MOST_ROWS * COLUMNS);
const importance = normalWeights(COLUMNS).map((value) => value * value);
const copied = copyRate(all);
const ggml = loadGgml();
console.log('type     weights target  ggml Mw/s  ours Mw/s   ratio');
const good: boolean[] = [];
for (const type of asked) {
  for (const weights of [undefined, importance]) {
    if (weights ? IGNORE_WEIGHTS.includes(type) : NEED_WEIGHTS.includes(type)) continue;
    good.push(...measure(ggml, type, all, weights).map(report));
  }
}
process.exitCode = good.every(Boolean) ? 0 : 1;
