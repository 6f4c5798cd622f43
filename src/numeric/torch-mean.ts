const LANES = 8;
const STREAMS = 4;
const LEVELS = 4;
const f32 = Math.fround;

/**
 * torch's float32 `mean` of all elements of a tensor, as its CPU kernel adds them up (`vectorized_inner_sum` and
 * `multi_row_sum` of SumKernel.cpp): lane by lane in four streams, each of which keeps the sums of longer and longer
 * stretches apart, then the streams, what is left behind whole vectors, and the lanes.
 */
export function torchMean(values: Float32Array): number {
  const lanes = values.length < LANES ? 1 : LANES;
  const vectors = Math.floor(values.length / lanes);
  const sums = streamSums(values, lanes, Math.floor(vectors / STREAMS));
  for (let i = vectors - (vectors % STREAMS); i < vectors; i++) {
    addTo(sums, values.subarray(i * lanes), lanes);
  }
  for (let stream = 1; stream < STREAMS; stream++) {
    addTo(sums, sums.subarray(stream * lanes), lanes);
  }
  const rest = values.subarray(vectors * lanes).reduce((sum, value) => f32(sum + value), 0);
  const sum = sums.subarray(0, lanes).reduce((total, lane) => f32(total + lane), rest);
  return f32(sum / values.length);
}

/** The sums of the lanes of all streams, over as many rounds of one vector from each. */
function streamSums(values: Float32Array, lanes: number, rounds: number): Float32Array {
  const width = lanes * STREAMS;
  const levels = Array.from({ length: LEVELS }, () => new Float32Array(width)) as [Float32Array, ...Float32Array[]];
  const [first, ...others] = levels;
  const power = Math.max(4, Math.floor(Math.ceil(Math.log2(Math.max(rounds, 1))) / LEVELS));
  const whole = rounds - (rounds % 2 ** power);
  for (let i = 0; i < rounds; i++) {
    addTo(first, values.subarray(i * width), width);
    for (let level = 1, done = i + 1; level < LEVELS && done <= whole && done % 2 ** (level * power) === 0; level++) {
      const [from, to] = levels.slice(level - 1) as [Float32Array, Float32Array];
      addTo(to, from, width);
      from.fill(0);
    }
  }
  for (const level of others) {
    addTo(first, level, width);
  }
  return first;
}

function addTo(sums: Float32Array, values: Float32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    sums[i] = (sums[i] ?? 0) + (values[i] ?? 0);
  }
}
