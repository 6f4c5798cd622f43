import { toFloats } from '#src/tensor/floats.js';

test.each([
  ['F64', new Float64Array([1.1, -2, 1e300]), [Math.fround(1.1), -2, Number.POSITIVE_INFINITY]],
  ['I64', new BigInt64Array([-1n, 2n ** 40n]), [-1, 2 ** 40]],
  ['U64', new BigUint64Array([2n ** 63n]), [2 ** 63]],
  ['I32', new Int32Array([-5, 16_777_217]), [-5, 16_777_216]],
  ['U32', new Uint32Array([4_294_967_295]), [2 ** 32]],
  ['I16', new Int16Array([-32_768]), [-32_768]],
  ['U16', new Uint16Array([65_535]), [65_535]],
  ['I8', new Int8Array([-128, 127]), [-128, 127]],
  ['U8', new Uint8Array([255]), [255]],
  ['BOOL', new Uint8Array([0, 1, 2]), [0, 1, 1]],
] as const)('%s becomes float32, rounded to nearest', (dtype, values, expected) => {
  // At an odd address, as tensors of a checkpoint can lie.
  const bytes = new Uint8Array(values.byteLength + 1).subarray(1);
  bytes.set(new Uint8Array(values.buffer));
  const floats = toFloats(bytes, dtype);
  expect(floats.dtype).toBe('F32');
  expect([...new Float32Array(floats.bytes.buffer)]).toEqual(expected);
});

test.each(['F32', 'F16', 'BF16'] as const)('%s stays as it is', (dtype) => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  expect(toFloats(bytes, dtype)).toEqual({ bytes, dtype });
});
