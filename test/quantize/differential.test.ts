import { type Ggml, loadGgml, peerMissing } from '../peer/ggml.js';
import { compareExponents, compareRound, compareValues, randomBlocks } from './compare.js';
import { random } from './inputs.js';
import { FLOATS, TYPES } from './vectors.js';

// Against the prebuilt ggml, in shapes that the recorded vectors do not have; `npm run fuzz:quantize` does more of it.

const SEED = 20260;
/** Those whose scale is the largest value, or its exponent. */
const BY_LARGEST = [
  'Q4_0',
  'Q4_1',
  'Q5_0',
  'Q5_1',
  'Q8_0',
  'TQ1_0',
  'TQ2_0',
  'Q1_0',
  'Q2_0',
  'MXFP4',
  'NVFP4',
] as const;
const title = peerMissing === undefined ? "against ggml's own library" : `against ggml (skipped: ${peerMissing})`;

(peerMissing === undefined ? describe : describe.skip)(title, () => {
  // Loaded once, and kept: ggml aborts when it is loaded anew.
  let ggml: Ggml;
  beforeAll(() => {
    ggml = loadGgml();
  });

  test.each(TYPES)('%s: no byte differs', (type) => {
    for (let round = 0; round < 8; round++) {
      expect(compareRound(ggml, type, random(SEED, round)).difference).toBeNull();
    }
  });

  test.each(BY_LARGEST)('%s: no byte differs at any exponent, just below powers of two', (type) => {
    expect(compareExponents(ggml, type, SEED)).toBeNull();
  });

  test.each(TYPES.filter((type) => !FLOATS.includes(type)))('%s: blocks of any bytes have the same values', (type) => {
    expect(compareValues(ggml, type, randomBlocks(type, SEED, 256 * 64), 256 * 64)).toBeNull();
  });
});
