import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SourceError, UnsupportedError, UsageError } from '../errors.js';
import { GGML_TYPES, type GgmlType } from '../gguf/types.js';
import { NativeMemoryError } from '../system-limits.js';

/** Instruction sets that kernels are written for. `scalar` runs everywhere. */
export type InstructionSet = 'scalar' | 'avx2' | 'avx512' | 'neon';

/** Floating-point types that a tensor can come in. */
export type FloatType = 'F32' | 'F16' | 'BF16';

/** native/addon/addon.cpp. */
interface Addon {
  targets(): InstructionSet[];
  check(target: InstructionSet, type: number): boolean;
  quantize(
    target: InstructionSet,
    type: number,
    source: Uint8Array,
    sourceType: number,
    via: number,
    rows: number,
    columns: number,
    weights: Float32Array | undefined,
    output: Uint8Array,
    refuseNonFinite: boolean,
    errors: Float64Array | undefined,
  ): (ValueFault & { refused: boolean }) | undefined;
  firstInvalid(type: number, bytes: Uint8Array): number | undefined;
  dequantize(target: InstructionSet, type: number, source: Uint8Array, output: Float32Array): void;
}

/** A value that is NaN or infinite, or becomes infinite as it is written. Counted from 0 within the rows that were passed. */
export interface ValueFault {
  readonly kind: 'non-finite' | 'overflow';
  readonly row: number;
  readonly column: number;
}

/** The addon was not built, or not for this machine. */
export class NativeAddonError extends UnsupportedError {}

/** HF2GGUF_TARGET names no instruction set of this machine. */
export class UnknownTargetError extends UsageError {}

/** A value that cannot be written. `row` and `column` count from 0 within the rows that were passed. */
abstract class ValueError extends SourceError {
  abstract inTensor(name: string, firstRow: number): ValueError;

  constructor(
    what: string,
    next: string,
    readonly row: number,
    readonly column: number,
  ) {
    super(what, next);
  }
}

function place(row: number, column: number, tensor: string | undefined): string {
  return `row ${row}, column ${column}${tensor === undefined ? '' : ` of tensor ${tensor}`}`;
}

/** The source has NaN or an infinity where that is refused: in quantized types, or where the caller asked. */
export class NonFiniteError extends ValueError {
  constructor(row: number, column: number, tensor?: string) {
    super(
      `The value in ${place(row, column, tensor)} is NaN or infinite.`,
      'The checkpoint is damaged, or the values do not fit the type that they are converted through; try --outtype f32.',
      row,
      column,
    );
  }

  /** The same with the tensor's name, where the rows passed began at `firstRow` of it. */
  override inTensor(name: string, firstRow: number): NonFiniteError {
    return new NonFiniteError(firstRow + this.row, this.column, name);
  }
}

/** A value, or the float16 scale of a block, is too large for the type: llama-quantize's "quantized data validation failed". */
export class OverflowError extends ValueError {
  constructor(row: number, column: number, tensor?: string) {
    super(
      `The values from ${place(row, column, tensor)} on are too large for the type: quantized data validation failed.`,
      'Choose a type with a wider range for the file: bf16 or f32.',
      row,
      column,
    );
  }

  /** The same with the tensor's name, where the rows passed began at `firstRow` of it. */
  override inTensor(name: string, firstRow: number): OverflowError {
    return new OverflowError(firstRow + this.row, this.column, name);
  }
}

const ADDON = '../../build/Release/hf2gguf.node';
let loaded: Addon | undefined;

/** What native/addon exports: the runner's part is described in src/runner/engine.ts. */
export function addon(): Addon {
  try {
    loaded ??= load();
  } catch (cause) {
    // What Node adds to the first line are the files that asked for the addon.
    const [reason = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
    throw new NativeAddonError(
      `The native quantizer does not load: ${reason}.`,
      'Build it with `npm rebuild hf2gguf` (in a clone: `npm install`); that needs CMake and a C++20 compiler.',
      { cause },
    );
  }
  return loaded;
}

function load(): Addon {
  const require = createRequire(import.meta.url);
  const path = require.resolve(ADDON);
  if (isCut(path)) {
    // The system would end the process where it maps what is not there.
    throw new Error(`${path} is cut off`);
  }
  return require(path) as Addon;
}

/** Whether an ELF file ends before its section headers do, which come last (elf(5): e_shoff, e_shentsize, e_shnum). */
function isCut(path: string): boolean {
  const header = Buffer.alloc(64);
  const file = openSync(path, 'r');
  try {
    const isElf = readSync(file, header) === header.length && header.readUInt32BE() === 0x7f454c46;
    const end = Number(header.readBigUInt64LE(0x28)) + header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c);
    return isElf && fstatSync(file).size < end;
  } finally {
    closeSync(file);
  }
}

/** Whether native code threw because it got no memory. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MEMORY';
}

/** The instruction sets that this machine has kernels for, the best first; `scalar` is the last. */
export function availableTargets(): readonly InstructionSet[] {
  return addon().targets();
}

let chosen: InstructionSet | undefined;

/**
 * The instruction set in use: the best one, or what the environment variable HF2GGUF_TARGET says.
 * @throws {@link UnknownTargetError} if the variable names none of {@link availableTargets}.
 */
export function currentTarget(): InstructionSet {
  chosen ??= chooseTarget(process.env.HF2GGUF_TARGET);
  return chosen;
}

function chooseTarget(forced: string | undefined): InstructionSet {
  const available = availableTargets();
  const target = forced ? available.find((name) => name === forced) : available[0];
  if (target === undefined) {
    throw new UnknownTargetError(
      `HF2GGUF_TARGET is ${JSON.stringify(forced)}, which this machine does not have.`,
      `Unset it, or use one of: ${available.join(', ')}.`,
    );
  }
  return target;
}

const checked = new Map<GgmlType, InstructionSet>();

/**
 * The current target; if on a type's first use it does not give the scalar kernels' bytes on a small sample, a warning
 * is emitted and `scalar` is used for that type.
 */
export function targetFor(type: GgmlType): InstructionSet {
  const known = checked.get(type);
  if (known) {
    return known;
  }
  let target = currentTarget();
  if (!addon().check(target, GGML_TYPES[type][0])) {
    process.emitWarning(`The ${target} kernels for ${type} give wrong results here; the slow scalar ones are used.`);
    target = 'scalar';
  }
  checked.set(type, target);
  return target;
}

/** Types that cannot be made without weights. */
export const NEEDS_WEIGHTS: readonly GgmlType[] = ['IQ1_S', 'IQ2_XXS', 'IQ2_XS'];

export interface QuantizeRowsParams {
  /** What the rows become: F32, F16, BF16 or any block type. */
  readonly type: GgmlType;
  /** rows x columns elements of `sourceType`, little-endian; any alignment, and shared memory too. */
  readonly source: Uint8Array;
  /** Blocks are decoded first, or copied where `type` is the same; then `via` is F32. */
  readonly sourceType: GgmlType;
  /** Every value passes through this type first, as when a converter writes it and a quantizer reads that. F32: as it is. */
  readonly via: GgmlType;
  readonly rows: number;
  /** A multiple of the type's block size. */
  readonly columns: number;
  /** How much the error of each column counts: the rows' importance. IQ1_S, IQ2_XXS and IQ2_XS need it. */
  readonly weights?: Float32Array | undefined;
  /** Takes rows x rowBytes(type, columns) bytes; must not overlap `source`. */
  readonly target: Uint8Array;
  /** Refuse NaN and infinities in F32, F16 and BF16 too, in what is read and in what is written. @default false */
  readonly refuseNonFinite?: boolean;
  /** The errors of what is written are added to this. */
  readonly errors?: ErrorSums | undefined;
  /** The instruction set, for tests and benchmarks. @default the best that works */
  readonly on?: InstructionSet;
}

/**
 * How far what was written is from the source: the sums of squared differences, of those times their column's weight,
 * and of the source's squares; and the largest difference.
 */
export type ErrorSums = Float64Array;

export function newErrorSums(): ErrorSums {
  return new Float64Array(4);
}

/**
 * Converts whole rows to a tensor type, with the bytes that ggml's reference quantizers give on x86-64
 * (`ggml_quantize_chunk` of llama.cpp v0.5.0).
 *
 * @returns the first value that is not finite once it is written, where that is not refused.
 * @throws {@link NonFiniteError} for NaN or an infinity, after rounding to `via`: always from and for quantized types.
 * @throws {@link OverflowError} if a value or a block's scale does not fit the type; `target` is complete even then.
 * @throws NativeMemoryError if the system gives no memory for a row's values.
 * @throws RangeError if a buffer's size is not that of rows x columns, or the type has no kernel.
 */
export function quantizeRows(params: QuantizeRowsParams): ValueFault | undefined {
  const { type, sourceType, via, rows, columns, refuseNonFinite = false } = params;
  const fault = quantizeIn(params, () =>
    addon().quantize(
      params.on ?? targetFor(type),
      GGML_TYPES[type][0],
      params.source,
      GGML_TYPES[sourceType][0],
      GGML_TYPES[via][0],
      rows,
      columns,
      params.weights,
      params.target,
      refuseNonFinite,
      params.errors,
    ),
  );
  if (fault?.refused) {
    throw new { 'non-finite': NonFiniteError, overflow: OverflowError }[fault.kind](fault.row, fault.column);
  }
  return fault;
}

/** @throws NativeMemoryError where `quantize` gets no memory */
function quantizeIn<T>({ source, target }: QuantizeRowsParams, quantize: () => T): T {
  try {
    return quantize();
  } catch (cause) {
    throw isOutOfMemory(cause) ? new NativeMemoryError(source.length + target.length, { cause }) : cause;
  }
}

/** Index of the first value of F32, F16 or BF16 that is NaN or infinite, if there is one. */
export function firstNonFinite(type: FloatType, values: Uint8Array): number | undefined {
  return addon().firstInvalid(GGML_TYPES[type][0], values);
}

/**
 * The values of blocks (or of F16, BF16, F32), as ggml's `to_float` gives them.
 * @throws RangeError if `source` does not hold as many elements as `target`.
 */
export function dequantize(type: GgmlType, source: Uint8Array, target: Float32Array, on = targetFor(type)): void {
  addon().dequantize(on, GGML_TYPES[type][0], source, target);
}
