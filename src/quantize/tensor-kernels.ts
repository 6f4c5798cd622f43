import type { DType } from '../tensor/dtype.js';
import type {
  BinaryOp,
  CastTarget,
  ComputeType,
  FloatType,
  FormulaStep,
  TensorKernels,
  UnaryFunction,
} from '../tensor/kernels.js';
import { addon, currentTarget, type InstructionSet } from './native.js';

/** native/addon/tensor.cpp. */
interface TensorAddon {
  copy(
    on: InstructionSet,
    source: Uint8Array,
    sourceOffset: number,
    sourceStrides: readonly number[],
    target: Uint8Array,
    targetOffset: number,
    targetStrides: readonly number[],
    sizes: readonly number[],
    elementBytes: number,
  ): void;
  cast(on: InstructionSet, source: Uint8Array, from: DType, target: Uint8Array, to: CastTarget): void;
  binary(
    on: InstructionSet,
    op: BinaryOp,
    dtype: ComputeType,
    left: Uint8Array,
    right: Uint8Array,
    target: Uint8Array,
  ): void;
  unary(on: InstructionSet, fn: UnaryFunction, dtype: ComputeType, source: Uint8Array, target: Uint8Array): void;
  formula(on: InstructionSet, steps: readonly FormulaStep[], to: FloatType, target: Uint8Array): void;
  unpack(on: InstructionSet, source: Uint8Array, wordBytes: number, bits: number, target: Uint8Array): void;
  repack(on: InstructionSet, type: string, codes: Uint8Array, scales: Uint8Array, target: Uint8Array): void;
  gather(on: InstructionSet, source: Uint8Array, elementBytes: number, indices: Int32Array, target: Uint8Array): void;
}

/** The native kernels of an instruction set, asked for at each call. */
class NativeTensorKernels implements TensorKernels {
  constructor(private readonly target: () => InstructionSet) {}

  copy: TensorKernels['copy'] = ({ source, target, sizes, elementBytes, ...at }) =>
    native().copy(
      this.target(),
      source,
      at.sourceOffset,
      at.sourceStrides,
      target,
      at.targetOffset,
      at.targetStrides,
      sizes,
      elementBytes,
    );
  cast: TensorKernels['cast'] = (...args) => native().cast(this.target(), ...args);
  binary: TensorKernels['binary'] = (...args) => native().binary(this.target(), ...args);
  unary: TensorKernels['unary'] = (...args) => native().unary(this.target(), ...args);
  formula: TensorKernels['formula'] = (...args) => native().formula(this.target(), ...args);
  unpack: TensorKernels['unpack'] = (...args) => native().unpack(this.target(), ...args);
  repack: TensorKernels['repack'] = (...args) => native().repack(this.target(), ...args);
  gather: TensorKernels['gather'] = (...args) => native().gather(this.target(), ...args);
}

function native(): TensorAddon {
  return (addon() as unknown as { tensor: TensorAddon }).tensor;
}

/** The best kernels of this machine, or those that HF2GGUF_TARGET says. */
export const tensorKernels: TensorKernels = new NativeTensorKernels(currentTarget);

/** Those of one instruction set, for tests and benchmarks. */
export function tensorKernelsOn(target: InstructionSet): TensorKernels {
  return new NativeTensorKernels(() => target);
}
