import { blockSize, GGML_TYPES, rowBytes } from '#src/gguf/types.js';
import { availableTargets, OverflowError, quantizeRows } from '#src/quantize/native.js';
import { type Ggml, loadGgml, peerMissing } from '../peer/ggml.js';
import { DISTRIBUTION_NAMES, makeInput, random } from './inputs.js';
import { bytesOf, NON_FINITE, TYPES } from './vectors.js';

// Against the prebuilt ggml, in shapes that the recorded vectors do not have.

const DISTRIBUTIONS = DISTRIBUTION_NAMES.filter((dist) => !NON_FINITE.includes(dist));
const SEED = 20260;

/** A tensor's rows, each from a distribution of its own and scaled by a power of two. */
function mixedRows(seed: number, rows: number, columns: number): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const dist = DISTRIBUTIONS[random(seed, row) % DISTRIBUTIONS.length] ?? 'normal';
    const scale = 2 ** ((random(seed, 1000 + row) % 17) - 8);
    const made = makeInput(dist, random(seed, 2000 + row), 1, columns);
    values.set(dist === 'fltmax' ? made : made.map((value) => value * scale), row * columns);
  }
  return values;
}

const title = peerMissing === undefined ? "against ggml's own library" : `against ggml (skipped: ${peerMissing})`;

(peerMissing === undefined ? describe : describe.skip)(title, () => {
  // Loaded once, and kept: ggml aborts when it is loaded anew.
  let ggml: Ggml;
  beforeAll(() => {
    ggml = loadGgml();
  });

  test.each(TYPES)('%s: no byte differs', (type) => {
    for (let round = 0; round < 12; round++) {
      const seed = random(SEED, round);
      const rows = 1 + (random(seed, 1) % 23);
      const columns = blockSize(type) * (1 + (random(seed, 2) % (type.endsWith('K') ? 5 : 40)));
      const values = mixedRows(seed, rows, columns);
      const expected = Buffer.alloc(rows * rowBytes(type, columns));
      ggml.quantizeChunk(GGML_TYPES[type][0], values, rows, columns, expected);
      for (const on of availableTargets()) {
        const target = new Uint8Array(expected.length);
        try {
          quantizeRows({ type, source: bytesOf(values), sourceType: 'F32', via: 'F32', rows, columns, target, on });
        } catch (error) {
          if (!(error instanceof OverflowError)) throw error; // what it wrote is complete
        }
        const at = Buffer.from(target).compare(expected);
        expect({ type, on, rows, columns, seed, at }).toEqual({ type, on, rows, columns, seed, at: 0 });
      }
    }
  });
});
