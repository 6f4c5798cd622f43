import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GGML_TYPES, type GgmlType } from '#src/gguf/types.js';
import { type InputSpec, makeInput, makeWeights, type WeightsSpec } from './inputs.js';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** The types that have kernels: all but integers and F64. */
export const TYPES = (Object.keys(GGML_TYPES) as GgmlType[]).filter((type) => !/^(I\d+|F64)$/.test(type));

/** Those without blocks. */
export const FLOATS: readonly GgmlType[] = ['F32', 'F16', 'BF16'];

/** Those that cannot be made without weights. */
export const NEED_WEIGHTS: readonly GgmlType[] = ['IQ1_S', 'IQ2_XXS', 'IQ2_XS'];

/** A call of ggml_quantize_chunk, and what it gave. */
export interface Vector {
  readonly input: InputSpec;
  readonly weights: WeightsSpec | null;
  readonly type: GgmlType;
  readonly sha256: string;
  /** Of the blocks' values as float32. */
  readonly deq: string;
  /** What ggml_validate_row_data says. */
  readonly valid: boolean;
}

interface VectorFile {
  readonly vectors: readonly {
    in: string;
    w: string | null;
    sha256?: string;
    deq?: string;
    valid?: boolean;
    signal?: number;
  }[];
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
 * there, so only F16 and BF16, which convert them, keep those.
 */
export function readVectors(type: GgmlType): Vector[] {
  const { inputs, weights } = readJson(join(folder(), 'inputs.json')) as {
    inputs: readonly InputSpec[];
    weights: readonly WeightsSpec[];
  };
  const inputById = new Map(inputs.map((input) => [input.id, input]));
  const weightsById = new Map(weights.map((spec) => [spec.id, spec]));
  const { vectors } = readJson(join(folder(), `vectors/${type}.json`)) as VectorFile;
  const converts = type === 'F16' || type === 'BF16';
  return vectors.flatMap(({ in: id, w, sha256, deq, valid }) => {
    const input = inputById.get(id);
    const spec = w === null ? null : weightsById.get(w);
    if (input === undefined || spec === undefined) throw new Error(`vectors of ${type}: no input ${id} or ${w}`);
    if (sha256 === undefined || deq === undefined || valid === undefined) return [];
    if (!converts && NON_FINITE.includes(input.dist)) return [];
    return [{ input, weights: spec, type, sha256, deq, valid }];
  });
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

const made = new Map<string, Float32Array>();

/** The values, made once and checked against their hash. */
function checked(id: string, expected: string, make: () => Float32Array): Float32Array {
  let values = made.get(id);
  if (values === undefined) {
    values = make();
    if (sha256(bytesOf(values)) !== expected) throw new Error(`${id} is not what the vectors were made from`);
    made.set(id, values);
  }
  return values;
}

/** The input's float32 bytes. */
export function inputBytes({ id, dist, seed, nrows, ncols, sha256: expected }: InputSpec): Uint8Array {
  return bytesOf(checked(id, expected, () => makeInput(dist, seed, nrows, ncols)));
}

export function weightValues(spec: WeightsSpec | null): Float32Array | undefined {
  return spec ? checked(spec.id, spec.sha256, () => makeWeights(spec.kind, spec.seed, spec.ncols)) : undefined;
}

/** The hash of float32 values as the vectors have it: every NaN is the same. */
export function hashOfValues(values: Float32Array): string {
  const canonical = values.some(Number.isNaN) ? values.map((v) => (Number.isNaN(v) ? Number.NaN : v)) : values;
  return sha256(bytesOf(canonical));
}

export function name({ input, weights }: Vector): string {
  return weights ? `${input.id} with ${weights.id}` : input.id;
}
