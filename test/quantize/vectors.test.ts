import { rowBytes } from '#src/gguf/types.js';
import { availableTargets, OverflowError, quantizeRows } from '#src/quantize/native.js';
import { inputBytes, NON_FINITE, readVectors, sha256, TYPES, type Vector } from './vectors.js';

/** What quantizeRows makes of a vector's input, and whether it says that all fits. */
function run({ input, type }: Vector, on: ReturnType<typeof availableTargets>[number], refuseNonFinite: boolean) {
  const { nrows: rows, ncols: columns } = input;
  const target = new Uint8Array(rows * rowBytes(type, columns));
  const source = inputBytes(input);
  try {
    quantizeRows({ type, source, sourceType: 'F32', via: 'F32', rows, columns, target, refuseNonFinite, on });
    return { sha256: sha256(target), valid: true };
  } catch (error) {
    if (!(error instanceof OverflowError)) throw error;
    return { sha256: sha256(target), valid: false };
  }
}

const scope = process.env.HF2GGUF_DATA === undefined ? 'a sample: HF2GGUF_DATA is not set' : 'all without weights';

describe.each(availableTargets())(`on %s the reference's bytes (${scope})`, (target) => {
  test.each(TYPES.filter((type) => type !== 'F32'))('%s', (type) => {
    const vectors = readVectors(type);
    expect(vectors.length).toBeGreaterThan(5);
    for (const vector of vectors) {
      const { input, sha256, valid } = vector;
      // F16 and BF16 keep the source's NaN and infinities, and then there is nothing to compare `valid` with.
      const finite = !NON_FINITE.includes(input.dist);
      const result = run(vector, target, finite);
      expect({ id: input.id, ...result }).toEqual({ id: input.id, sha256, valid: valid || !finite });
    }
  });
});
