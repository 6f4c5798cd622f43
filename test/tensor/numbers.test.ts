import { loadTensor } from '#src/fill/load-tensor.js';
import { add, div, mul } from '#src/tensor/build.js';
import type { SourceExpr, TensorExpr } from '#src/tensor/expr.js';
import { memoryRepo } from '../memory-repo.js';

/** 0.1, 0.2, 0.3, 1.5, -2.7, 100.3, 0.001 and 7.77 in float16. */
const VALUES = Uint16Array.of(0x2e66, 0x3266, 0x34cd, 0x3e00, 0xc166, 0x5645, 0x1419, 0x47c5);
const X: SourceExpr = { op: 'source', name: 'x', file: 'f', offset: 0, dtype: 'F16', shape: [8] };

/** What torch 2.15 makes of them on a CPU. Some would differ if the number were rounded to float16 first. */
test.each<[string, TensorExpr, readonly number[]]>([
  ['* 9.17…', mul(X, 9.1705785388303), [0x3b56, 0x3f56, 0x4181, 0x4ae1, 0xce30, 0x6330, 0x20b2, 0x5474]],
  ['+ 0.1', add(X, 0.1), [0x3266, 0x34cc, 0x3666, 0x3e66, 0xc133, 0x5647, 0x2e76, 0x47df]],
  ['/ 14.6', div(X, 14.6), [0x1f03, 0x2303, 0x2543, 0x2e93, 0xb1eb, 0x46df, 0x047e, 0x3842]],
])('float16 %s, as torch computes it with a number', async (_, expr, expected) => {
  const bytes = await loadTensor(memoryRepo({ f: new Uint8Array(VALUES.buffer) }), expr);
  expect([...new Uint16Array(bytes.slice().buffer)]).toEqual(expected);
});
