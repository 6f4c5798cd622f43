/**
 * The kernels against `ggml_quantize_chunk` of the prebuilt libggml-base.so: one thread, the same 64 M normal weights in
 * float32, runs interleaved, the median of 5, outputs compared byte for byte.
 *
 *   node out/bench/quantize.js [TYPE...]
 */
import { GGML_TYPES, type GgmlType, rowBytes } from '#src/gguf/types.js';
import { availableTargets, quantizeRows, type Target } from '#src/quantize/native.js';
import { loadGgml, peerMissing } from '../test/peer/ggml.js';

const ROWS = 32768;
const COLUMNS = 2048;
const RUNS = 5;
const TYPES: readonly GgmlType[] = ['F16', 'BF16', 'Q4_0', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'];
/** Ratios that must hold, on AVX2 and better. */
const FLOORS: Partial<Record<GgmlType, number>> = { Q4_K: 8, Q5_K: 8, Q6_K: 6 };

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
  readonly on: Target;
  readonly peer: number;
  readonly ours: number;
  readonly same: boolean;
}

function measure(type: GgmlType, weights: Float32Array): Result[] {
  const ggml = loadGgml();
  const expected = new Uint8Array(ROWS * rowBytes(type, COLUMNS));
  const target = new Uint8Array(expected.length);
  const source = new Uint8Array(weights.buffer);
  const peerTimes: number[] = [];
  const ours = availableTargets().map((on) => ({ on, times: [] as number[], same: true }));
  for (let run = 0; run < RUNS; run++) {
    peerTimes.push(seconds(() => ggml.quantizeChunk(GGML_TYPES[type][0], weights, ROWS, COLUMNS, expected)));
    for (const result of ours) {
      const params = { type, source, sourceType: 'F32', via: 'F32', rows: ROWS, columns: COLUMNS, target } as const;
      target.fill(0);
      result.times.push(seconds(() => quantizeRows({ ...params, on: result.on })));
      result.same &&= Buffer.compare(target, expected) === 0;
    }
  }
  return ours.map(({ on, times, same }) => ({ type, on, peer: median(peerTimes), ours: median(times), same }));
}

function report({ type, on, peer, ours, same }: Result): boolean {
  const rate = (time: number) => ((ROWS * COLUMNS) / time / 1e6).toFixed(0).padStart(7);
  const ratio = peer / ours;
  const floor = on === 'scalar' ? undefined : FLOORS[type];
  const remarks = [same ? 'same bytes' : 'BYTES DIFFER'];
  if (floor !== undefined) remarks.push(ratio >= floor ? `at least ${floor}x` : `LESS THAN ${floor}x`);
  const cells = [type.padEnd(5), on.padEnd(7), rate(peer), rate(ours), `${ratio.toFixed(2)}x`.padStart(8)];
  console.log(`${cells.join('  ')}  ${remarks.join(', ')}`);
  return same && ratio >= (floor ?? 0);
}

if (peerMissing !== undefined) throw new Error(peerMissing);
const asked = TYPES.filter((type) => process.argv.length < 3 || process.argv.includes(type));
const weights = normalWeights(ROWS * COLUMNS);
console.log('type   target  ggml Mw/s  ours Mw/s  ratio');
const good = asked.flatMap((type) => measure(type, weights).map(report));
process.exitCode = good.every(Boolean) ? 0 : 1;
