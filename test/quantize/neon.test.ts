import { GGML_TYPES, rowBytes } from '#src/gguf/types.js';
import { type Ask, describeOnArm } from '../emulator.js';
import {
  bytesOf,
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

// The kernels for 64-bit ARM, cross-compiled into a program that reads requests from a pipe, under qemu.

/** The hashes and validity of each vector's blocks and values. */
function run(ask: Ask, vectors: readonly Vector[], target: string) {
  const answers = ask(
    vectors.flatMap(({ input, weights, type }) => [
      Buffer.from(`${target} ${GGML_TYPES[type][0]} ${input.nrows} ${input.ncols} ${weights ? 1 : 0}\n`),
      inputBytes(input),
      bytesOf(weightValues(weights) ?? new Float32Array()),
    ]),
  );
  let offset = 0;
  return vectors.map((vector) => {
    const { input, type } = vector;
    const end = answers.indexOf('\n', offset);
    const [kind, length] = answers.toString('latin1', offset, end).split(' ');
    expect(Number(length)).toBe(input.nrows * rowBytes(type, input.ncols));
    const middle = end + 1 + Number(length);
    offset = middle + 4 * input.nrows * input.ncols;
    const values = new Float32Array(new Uint8Array(answers.subarray(middle, offset)).buffer);
    const blocks = sha256(answers.subarray(end + 1, middle));
    return { vector: name(vector), sha256: blocks, deq: hashOfValues(values), valid: kind === '0' };
  });
}

describeOnArm('NEON', 'hf2gguf-pipe', (ask) => {
  test('the self-check finds the same bytes as scalar', () => {
    expect(ask([Buffer.from('targets 0 0 0 0\n')]).toString()).toBe('neon 1\nscalar 1\n');
  });

  test.each(TYPES.filter((type) => type !== 'F32'))("%s: the reference's bytes and values", (type) => {
    // The pipe refuses NaN and infinities in every type; one of three vectors, because an emulator is slow.
    const vectors = readVectors(type).filter(({ input }, i) => i % 3 === 0 && !NON_FINITE.includes(input.dist));
    const expected = vectors.map((vector) => ({
      vector: name(vector),
      sha256: vector.sha256,
      deq: vector.deq,
      valid: vector.valid,
    }));
    expect(run(ask, vectors, 'neon')).toEqual(expected);
    expect(run(ask, vectors, 'scalar')).toEqual(expected);
  });
});
