import { rowBytes } from '#src/gguf/types.js';
import {
  availableTargets,
  dequantize,
  type InstructionSet,
  OverflowError,
  quantizeRows,
} from '#src/quantize/native.js';
import {
  hashOfValues,
  inputBytes,
  NON_FINITE,
  name,
  readVectors,
  sha256,
  TYPES,
  type Vector,
  weightValues,
} from './vectors.js';

/** What the kernels make of a vector's input, the values of that, and whether they say that all fits. */
function run({ input, weights, type }: Vector, on: InstructionSet, refuseNonFinite: boolean) {
  const { nrows: rows, ncols: columns } = input;
  const target = new Uint8Array(rows * rowBytes(type, columns));
  const values = new Float32Array(rows * columns);
  const source = inputBytes(input);
  const options = { weights: weightValues(weights), refuseNonFinite, on };
  let valid = true;
  try {
    quantizeRows({ type, source, sourceType: 'F32', via: 'F32', rows, columns, target, ...options });
  } catch (error) {
    if (!(error instanceof OverflowError)) throw error;
    valid = false;
  }
  dequantize(type, target, values, on);
  return { sha256: sha256(target), deq: hashOfValues(values), valid };
}

const scope = process.env.HF2GGUF_DATA === undefined ? 'a sample: HF2GGUF_DATA is not set' : 'all';

describe.each(availableTargets())(`on %s the reference's bytes and values (${scope})`, (target) => {
  test.each(TYPES.filter((type) => type !== 'F32'))('%s', (type) => {
    const vectors = readVectors(type);
    expect(vectors.length).toBeGreaterThan(5);
    for (const vector of vectors) {
      const { input, sha256, deq, valid } = vector;
      // F16 and BF16 keep the source's NaN and infinities, and then there is nothing to compare `valid` with.
      const finite = !NON_FINITE.includes(input.dist);
      const result = run(vector, target, finite);
      expect({ vector: name(vector), ...result }).toEqual({
        vector: name(vector),
        sha256,
        deq,
        valid: valid || !finite,
      });
    }
  });
});
