import { type KvOverride, MAX_OVERRIDE_BYTES } from '../override-kv.js';
import { cutToBytes } from './c-string.js';
import type { Imatrix } from './imatrix.js';

/**
 * How the output names its importance matrix, for `applyKvOverrides` after the user's own, as the reference has it: what
 * does not fit is cut, of several datasets the first is named. Nothing without entries.
 */
export function imatrixKeyValues({ file, datasets, chunks, entries }: Imatrix): KvOverride[] {
  if (entries.size === 0) {
    return [];
  }
  const text = (key: string, value: string): KvOverride => ({
    key: `quantize.imatrix.${key}`,
    type: 'str',
    value: cutToBytes(value, MAX_OVERRIDE_BYTES),
  });
  const count = (key: string, value: number): KvOverride => ({ key: `quantize.imatrix.${key}`, type: 'int', value });
  return [
    text('file', file),
    ...datasets.slice(0, 1).map((dataset) => text('dataset', dataset)),
    count('entries_count', entries.size),
    ...(chunks > 0 ? [count('chunks_count', chunks)] : []),
  ];
}
