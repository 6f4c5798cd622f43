import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GgmlType } from '#src/gguf/types.js';
import { type InputSpec, makeInput } from './inputs.js';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** The types that have kernels. */
export const TYPES = ['F32', 'F16', 'BF16', 'Q4_0', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'] as const;

/** A call of ggml_quantize_chunk, and what it gave. */
export interface Vector {
  readonly input: InputSpec;
  readonly type: GgmlType;
  readonly sha256: string;
  /** What ggml_validate_row_data says. */
  readonly valid: boolean;
}

interface VectorFile {
  readonly vectors: readonly { in: string; w: string | null; sha256?: string; valid?: boolean; signal?: number }[];
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The folder that holds inputs.json and vectors/: all of them if there is outside data, else a sample. */
function folder(): string {
  const data = process.env.HF2GGUF_DATA;
  return data === undefined ? join(REPOSITORY, 'test/fixtures/quantize') : join(data, 'corpus-quant');
}

export const NON_FINITE = ['nan', 'inf', 'ninf', 'allnan'];

/**
 * Of distributions with NaN and infinities the reference's result is that of C's undefined conversions, and no run gets
 * there, so only F16 and BF16, which convert them, keep those. Vectors with importance weights are left to the kernels
 * that take them.
 */
export function readVectors(type: GgmlType): Vector[] {
  const { inputs } = readJson(join(folder(), 'inputs.json')) as { inputs: readonly InputSpec[] };
  const byId = new Map(inputs.map((input) => [input.id, input]));
  const { vectors } = readJson(join(folder(), `vectors/${type}.json`)) as VectorFile;
  const converts = type === 'F16' || type === 'BF16';
  return vectors.flatMap(({ in: id, w, sha256, valid }) => {
    const input = byId.get(id);
    if (input === undefined) throw new Error(`vectors of ${type}: no input ${id}`);
    if (w !== null || sha256 === undefined || valid === undefined) return [];
    if (!converts && NON_FINITE.includes(input.dist)) return [];
    return [{ input, type, sha256, valid }];
  });
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

const made = new Map<string, Uint8Array>();

/** The input's float32 bytes, made once and checked against its hash. */
export function inputBytes({ id, dist, seed, nrows, ncols, sha256: expected }: InputSpec): Uint8Array {
  let bytes = made.get(id);
  if (bytes === undefined) {
    bytes = bytesOf(makeInput(dist, seed, nrows, ncols));
    if (sha256(bytes) !== expected) throw new Error(`input ${id} is not what the vectors were made from`);
    made.set(id, bytes);
  }
  return bytes;
}
