import { createHash } from 'node:crypto';
import { openCheckpoint } from '#src/checkpoint/checkpoint.js';
import { decodeCheckpoint } from '#src/checkpoint/quantized/decode.js';
import type { DecodeOptions } from '#src/checkpoint/quantized/method.js';
import type { BlockTensor, PlainTensor } from '#src/checkpoint/quantized/plain-tensors.js';
import type { JsonObject } from '#src/json.js';
import { tensorKernels } from '#src/quantize/tensor-kernels.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { cast } from '#src/tensor/build.js';
import { bytesOf, type DType } from '#src/tensor/dtype.js';
import { elementCount, type TensorExpr } from '#src/tensor/expr.js';
import type { Segment, Workplace } from '#src/tensor/operator.js';
import { dtypeOf, evaluate, narrow, rowCount, shapeOf } from '#src/tensor/rows.js';
import { memoryRepo } from '../../memory-repo.js';

/** A tensor of a checkpoint that a test makes. */
export interface Part {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Bytes in a pattern that changes slowly enough to be made again elsewhere: (7 i² + 13 i + 29 (i / 256) + seed) mod 256. */
export function pattern(count: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => 7 * i * i + 13 * i + 29 * Math.floor(i / 256) + seed);
}

/** A tensor of bytes in that pattern. */
export function codes(dtype: DType, shape: readonly number[], seed: number): Part {
  return { dtype, shape, bytes: pattern(bytesOf(dtype, elementCount(shape)), seed) };
}

/** Positive numbers below 1: the bits of F16 are 0x2000 + (37 i + seed) mod 0xC00, those of BF16 0x3C00 + ... mod 0x100. */
export function scales(dtype: 'F16' | 'BF16', shape: readonly number[], seed: number): Part {
  const [least, range] = dtype === 'F16' ? [0x2000, 0xc00] : [0x3c00, 0x100];
  const bits = Uint16Array.from({ length: elementCount(shape) }, (_, i) => least + ((37 * i + seed) % range));
  return { dtype, shape, bytes: new Uint8Array(bits.buffer) };
}

export function integers(shape: readonly number[], values: readonly number[]): Part {
  return { dtype: 'I32', shape, bytes: new Uint8Array(Int32Array.from(values).buffer) };
}

/** A checkpoint of one file after its methods decoded it. */
export class Decoded {
  private constructor(
    readonly tensors: readonly PlainTensor[],
    readonly file: Uint8Array,
    /** Those that stay in blocks. */
    readonly blocks: readonly BlockTensor[],
  ) {}

  /** @param config config.json. @param files other files. */
  static async of(
    config: JsonObject,
    parts: Readonly<Record<string, Part>>,
    files: Readonly<Record<string, string>> = {},
    options: Partial<DecodeOptions> = {},
  ): Promise<Decoded> {
    let at = 0;
    const header = Object.entries(parts).map(([name, { dtype, shape, bytes }]) => {
      at += bytes.length;
      return [name, { dtype, shape, data_offsets: [at - bytes.length, at] }];
    });
    const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    const file = Buffer.concat([length, json, ...Object.values(parts).map(({ bytes }) => bytes)]);
    const small = new SmallFiles(memoryRepo({ ...files, 'model.safetensors': file }));
    const asked = { fp8AsQ8: false, keepBlocks: false, family: null, ...options };
    const { tensors, blocks = [] } = await decodeCheckpoint(await openCheckpoint(small), config, small, asked);
    return new Decoded(tensors, file, blocks);
  }

  get names(): readonly string[] {
    return this.tensors.map(({ name }) => name);
  }

  tensor(name: string): PlainTensor {
    const found = this.tensors.find((tensor) => tensor.name === name);
    if (!found) {
      throw new Error(`There is no ${name}, but ${this.names.join(', ')}.`);
    }
    return found;
  }

  /** What a tensor is and holds, as it can be recorded. Its rows are evaluated together and one by one. */
  record(name: string): Recorded {
    return this.recordOf(this.tensor(name).expr);
  }

  recordOf(expr: TensorExpr): Recorded {
    const whole = this.#floats(expr);
    const rows = Array.from({ length: rowCount(expr) }, (_, i) => this.#floats(narrow(expr, i, i + 1)));
    expect(Buffer.concat(rows).equals(whole)).toBe(true);
    return {
      dtype: dtypeOf(expr),
      shape: shapeOf(expr),
      first: [...new Float32Array(whole.buffer).subarray(0, 4)],
      sha256: createHash('sha256').update(whole).digest('hex').slice(0, 16),
    };
  }

  /** All values in float32. */
  values(name: string): Float32Array {
    return new Float32Array(this.#floats(this.tensor(name).expr).buffer);
  }

  /** The bytes of a tensor as they are written. */
  bytes(expr: TensorExpr): Uint8Array {
    return evaluate(expr, this.#place());
  }

  #floats(expr: TensorExpr): Uint8Array {
    // A copy: bytes of the file are in a Buffer, whose slices are no copies.
    return new Uint8Array(evaluate(cast(expr, 'F32'), this.#place()));
  }

  #place(): Workplace {
    return {
      fetch: ({ offset, length, count, stride }: Segment) => ({
        bytes: this.file.subarray(offset, offset + (count - 1) * stride + length),
        stride,
      }),
      take: (size) => new Uint8Array(size).fill(0xa5),
      scope: (use) => use(),
      kernels: tensorKernels,
    };
  }
}

/** A tensor, its first values, and the SHA-256 of all of them in float32: its first 16 digits. */
export interface Recorded {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly sha256: string;
}

/** F32: the numbers of `scales` of F16, less `minus`, rounded to float32. */
export function floats(shape: readonly number[], seed: number, minus = 0): Part {
  const values = Float32Array.from({ length: elementCount(shape) }, (_, i) => {
    const bits = 0x2000 + ((37 * i + seed) % 0xc00);
    return 2 ** ((bits >> 10) - 15) * (1 + (bits & 0x3ff) / 1024) - Math.fround(minus);
  });
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) };
}

/** One number of F32. */
export function scalar(value: number, shape: readonly number[] = []): Part {
  return { dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.of(value).buffer) };
}
