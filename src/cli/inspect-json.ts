import type { Scalar } from '../gguf/types.js';
import type { Inspection } from '../inspect.js';

/**
 * A GGUF file as one line of JSON, arrays in full. 64-bit integers beyond 2^53 become strings, and so do infinities and
 * NaN, which JSON has no numbers for.
 */
export function inspectionJson(file: Inspection): string {
  const kv = file.kv.map(([key, value]) => [
    key,
    value.type === 'array'
      ? { ...value, value: Array.from(value.value, jsonScalar) }
      : { ...value, value: jsonScalar(value.value) },
  ]);
  return JSON.stringify({ ...file, kv });
}

function jsonScalar(value: Scalar): Scalar {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
