import { createRequire } from 'node:module';
import { SourceError, UnsupportedError, UsageError } from '../errors.js';
import { GGML_TYPES, type GgmlType } from '../gguf/types.js';

/** Instruction sets that kernels are written for. `scalar` runs everywhere. */
export type Target = 'scalar' | 'avx2' | 'avx512' | 'neon';

/** Floating-point types that a tensor can come in. */
export type FloatType = 'F32' | 'F16' | 'BF16';

/** native/addon/addon.cpp. */
interface Addon {
  targets(): Target[];
  check(target: Target): boolean;
  quantize(
    target: Target,
    type: number,
    source: Uint8Array,
    sourceType: number,
    via: number,
    rows: number,
    columns: number,
    output: Uint8Array,
    refuseNonFinite: boolean,
  ): { kind: 'non-finite' | 'overflow'; row: number; column: number } | undefined;
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

function addon(): Addon {
  try {
    loaded ??= createRequire(import.meta.url)(ADDON) as Addon;
  } catch (cause) {
    throw new NativeAddonError(
      `The native quantizer does not load: ${cause instanceof Error ? cause.message : cause}.`,
      'Build it with `npm rebuild hf2gguf` (in a clone: `npm install`); that needs CMake and a C++20 compiler.',
      { cause },
    );
  }
  return loaded;
}

/** The instruction sets that this machine has kernels for, the best first; `scalar` is the last. */
export function availableTargets(): readonly Target[] {
  return addon().targets();
}

let chosen: Target | undefined;

/**
 * The instruction set in use: the best one, or what the environment variable HF2GGUF_TARGET says. If it does not give
 * the scalar kernels' bytes on a small sample, a warning is emitted and `scalar` is used.
 *
 * @throws {@link UnknownTargetError} if the variable names none of {@link availableTargets}.
 */
export function currentTarget(): Target {
  chosen ??= chooseTarget(process.env.HF2GGUF_TARGET);
  return chosen;
}

function chooseTarget(forced: string | undefined): Target {
  const available = availableTargets();
  const target = forced ? available.find((name) => name === forced) : available[0];
  if (target === undefined) {
    throw new UnknownTargetError(
      `HF2GGUF_TARGET is ${JSON.stringify(forced)}, which this machine does not have.`,
      `Unset it, or use one of: ${available.join(', ')}.`,
    );
  }
  if (addon().check(target)) return target;
  process.emitWarning(`The ${target} kernels give wrong results on this machine; the slow scalar ones are used.`);
  return 'scalar';
}

export interface QuantizeParams {
  /** What the rows become. F32, F16, BF16, Q4_0, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K have kernels. */
  readonly type: GgmlType;
  /** rows x columns elements of `sourceType`, little-endian; any alignment, and shared memory too. */
  readonly source: Uint8Array;
  readonly sourceType: FloatType;
  /** Every value is rounded to this type first, as when a converter writes it and a quantizer reads that. F32: as it is. */
  readonly via: FloatType;
  readonly rows: number;
  /** A multiple of the type's block size. */
  readonly columns: number;
  /** Takes rows x rowBytes(type, columns) bytes; must not overlap `source`. */
  readonly target: Uint8Array;
  /** Refuse NaN and infinities in F32, F16 and BF16 too, in what is read and in what is written. @default false */
  readonly refuseNonFinite?: boolean;
  /** The instruction set, for tests and benchmarks. @default currentTarget() */
  readonly on?: Target;
}

/**
 * Converts whole rows to a tensor type, with the bytes that ggml's reference quantizers give on x86-64
 * (`ggml_quantize_chunk` of llama.cpp v0.5.0 without importance weights).
 *
 * @throws {@link NonFiniteError} for NaN or an infinity, after rounding to `via`: always for quantized types.
 * @throws {@link OverflowError} if a value or a block's scale does not fit the type; `target` is complete even then.
 * @throws RangeError if a buffer's size is not that of rows x columns, or the type has no kernel.
 */
export function quantizeRows(params: QuantizeParams): void {
  const {
    type,
    source,
    sourceType,
    via,
    rows,
    columns,
    target,
    refuseNonFinite = false,
    on = currentTarget(),
  } = params;
  const [number] = GGML_TYPES[type];
  const [sourceNumber] = GGML_TYPES[sourceType];
  const [viaNumber] = GGML_TYPES[via];
  const fault = addon().quantize(on, number, source, sourceNumber, viaNumber, rows, columns, target, refuseNonFinite);
  if (fault?.kind === 'non-finite') throw new NonFiniteError(fault.row, fault.column);
  if (fault?.kind === 'overflow') throw new OverflowError(fault.row, fault.column);
}
