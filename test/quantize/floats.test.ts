import { toFloats } from '#src/quantize/floats.js';

test.each([
  ['F64', new Float64Array([1.1, -2, 1e300]), [Math.fround(1.1), -2, Number.POSITIVE_INFINITY]],
  ['I64', new BigInt64Array([-1n, 2n ** 40n]), [-1, 2 ** 40]],
  ['I32', new Int32Array([-5, 16_777_217]), [-5, 16_777_216]],
  ['BOOL', new Uint8Array([0, 1, 2]), [0, 1, 1]],
] as const)('%s becomes float32', (dtype, values, expected) => {
  // At an odd address, as tensors of a checkpoint can lie.
  const bytes = new Uint8Array(values.byteLength + 1).subarray(1);
  bytes.set(new Uint8Array(values.buffer));
  const floats = toFloats(bytes, dtype);
  expect(floats.dtype).toBe('F32');
  expect([...new Float32Array(floats.bytes.buffer)]).toEqual(expected);
});

test.each(['F32', 'F16', 'BF16', 'Q4_0'] as const)('%s stays as it is', (dtype) => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  expect(toFloats(bytes, dtype)).toEqual({ bytes, dtype });
});
