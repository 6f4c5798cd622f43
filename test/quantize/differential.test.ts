import { type Ggml, loadGgml, peerMissing } from '../peer/ggml.js';
import { compareRound, compareValues, randomBlocks } from './compare.js';
import { random } from './inputs.js';
import { FLOATS, TYPES } from './vectors.js';

// Against the prebuilt ggml, in shapes that the recorded vectors do not have; `npm run fuzz:quantize` does more of it.

const SEED = 20260;
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

  test.each(TYPES.filter((type) => !FLOATS.includes(type)))('%s: blocks of any bytes have the same values', (type) => {
    expect(compareValues(ggml, type, randomBlocks(type, SEED, 256 * 64), 256 * 64)).toBeNull();
  });
});
