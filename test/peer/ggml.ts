/**
 * llama.cpp's prebuilt libraries (test/peer/package.json), called through koffi. Only what the tests and benchmarks use.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The part of koffi used here. Its own types are only there when test/peer is installed. */
export interface Koffi {
  load(path: string): Library;
  struct(name: string, members: Record<string, unknown>): unknown;
  proto(declaration: string): unknown;
  pointer(type: unknown): unknown;
  register(callback: (...args: unknown[]) => unknown, type: unknown): unknown;
  /** The memory itself, not a copy. */
  view(pointer: unknown, bytes: number): ArrayBuffer;
}

export interface Library {
  func(declaration: string): (...args: unknown[]) => unknown;
}

const PEER = fileURLToPath(new URL('../../../test/peer/', import.meta.url));
const PACKAGE = 'node_modules/@node-llama-cpp/linux-x64/bins/linux-x64';

/** Where the libraries are. */
export const LIBRARIES = join(PEER, PACKAGE);

/** Why the libraries cannot be used here, or undefined. */
export const peerMissing: string | undefined =
  process.platform !== 'linux' || process.arch !== 'x64'
    ? 'the prebuilt llama.cpp is for Linux on x86-64'
    : existsSync(LIBRARIES)
      ? undefined
      : 'test/peer is not installed: npm ci --prefix test/peer';

export function loadKoffi(): Koffi {
  return createRequire(join(PEER, 'package.json'))('koffi') as Koffi;
}

export interface Ggml {
  /** `ggml_quantize_chunk` of all rows into `output`. `type` is ggml's number. */
  quantizeChunk(
    type: number,
    values: Float32Array,
    rows: number,
    columns: number,
    output: Uint8Array,
    weights?: Float32Array,
  ): void;
  /** The `to_float` of a block type, by its name. */
  dequantize(type: string, blocks: Uint8Array, output: Float32Array): void;
}

export function loadGgml(): Ggml {
  const library = loadKoffi().load(join(LIBRARIES, 'libggml-base.so'));
  const rowSize = library.func('size_t ggml_row_size(int type, int64_t ne)');
  const chunk = library.func(
    'size_t ggml_quantize_chunk(int type, const void *src, void *dst, int64_t start, int64_t nrows, int64_t n_per_row, const void *imatrix)',
  );
  return {
    quantizeChunk(type, values, rows, columns, output, weights) {
      if (values.length !== rows * columns || output.length !== rows * Number(rowSize(type, columns))) {
        throw new RangeError('buffers of the wrong size');
      }
      if (weights && weights.length !== columns) throw new RangeError('not one weight a column');
      chunk(type, values, output, 0, rows, columns, weights ?? null);
    },
    dequantize(type, blocks, output) {
      const name = type.toLowerCase().replace('_k', '_K');
      library.func(`void dequantize_row_${name}(const void *x, void *y, int64_t k)`)(blocks, output, output.length);
    },
  };
}
