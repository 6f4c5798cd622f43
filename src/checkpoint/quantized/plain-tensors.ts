import { SourceError, UnsupportedError } from '../../errors.js';
import { MAX_PLANNED_TENSOR_BYTES } from '../../limits.js';
import { compareCodePoints } from '../../repo/paths.js';
import type { Repo } from '../../repo/repo.js';
import { bytesOf } from '../../tensor/dtype.js';
import { elementCount, type ForcedType, type NamedExpr, type TensorExpr } from '../../tensor/expr.js';
import { sourcesOf } from '../../tensor/rows.js';
import type { BlockFileType } from './block-file-types.js';

/** Tensors of a quantized checkpoint contradict each other or the configuration. */
export class QuantizedTensorError extends SourceError {
  constructor(what: string, options?: ErrorOptions) {
    super(what, 'Check that all files of the repository are of one model, and download them again.', options);
  }
}

/** A method, or a form of one, that is not decoded. */
export class UnsupportedMethodError extends UnsupportedError {
  constructor(what: string) {
    super(what, 'Convert the unquantized model that it was made from; its model card may name it as base_model.');
  }
}

/** A tensor as it will be read, and how the checkpoint keeps it: `FP8`, `GPTQ 4 bits`. */
export interface PlainTensor extends NamedExpr {
  /** Undefined where the checkpoint has the values themselves. */
  readonly kept?: string;
}

/** A tensor that stays in blocks of ggml's, as the checkpoint has them. */
export interface BlockTensor extends PlainTensor {
  /** Its values, for a family that changes more than the order of rows. */
  readonly plain: () => TensorExpr;
  /** F32, one element each: tensors beside it, by the ending of their names. Its experts have all the same ones. */
  readonly beside?: Readonly<Record<string, TensorExpr>>;
}

/**
 * The tensors of a checkpoint on the way to plain ones. As in a dictionary of Python, a tensor that is set again keeps its
 * place, and a new one stands behind all others: that is the order of the file.
 */
export class PlainTensors {
  readonly #tensors: Map<string, PlainTensor>;
  readonly #blocks: BlockTensor[] = [];
  #fileType: BlockFileType | undefined;
  /** Tensors were decoded whose blocks could be kept. */
  hasBlocks = false;

  constructor(
    readonly repo: Repo,
    raw: readonly NamedExpr[],
    readonly signal?: AbortSignal,
  ) {
    this.#tensors = new Map(raw.map((tensor) => [tensor.name, tensor]));
  }

  all(): readonly PlainTensor[] {
    return [...this.#tensors.values()];
  }

  /** The names of all at this moment, in their order. */
  names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** What a tensor is at this moment. @throws QuantizedTensorError where there is none */
  get(name: string): TensorExpr {
    const tensor = this.#tensors.get(name);
    if (!tensor) {
      throw new QuantizedTensorError(`The checkpoint is quantized, and its tensor ${name} is missing.`);
    }
    return tensor.expr;
  }

  find(name: string): TensorExpr | undefined {
    return this.#tensors.get(name)?.expr;
  }

  /** Puts a decoded tensor in. @param kept how the checkpoint keeps it; undefined where it has the values themselves */
  set(name: string, expr: TensorExpr, kept?: string, forced?: ForcedType): void {
    this.#tensors.set(name, { name, expr, ...(kept !== undefined && { kept }), ...(forced && { forced }) });
  }

  /** Tensors that stay in blocks, in the order of the file, before all others. */
  get blocks(): readonly BlockTensor[] {
    return this.#blocks;
  }

  get fileType(): BlockFileType | undefined {
    return this.#fileType;
  }

  keepBlocks(blocks: readonly BlockTensor[], fileType: BlockFileType): void {
    this.#blocks.push(...blocks);
    this.#fileType = fileType;
  }

  /** Puts all in the order of their names, as a file of safetensors is read. */
  sort(): void {
    const sorted = [...this.#tensors].sort(([a], [b]) => compareCodePoints(a, b));
    this.#tensors.clear();
    for (const [name, tensor] of sorted) {
      this.#tensors.set(name, tensor);
    }
  }

  drop(...names: readonly string[]): void {
    for (const name of names) {
      this.#tensors.delete(name);
    }
  }

  /**
   * The bytes of a small tensor of the checkpoint, which are needed to know the shapes of others.
   * @param most elements that are read, from the first on.
   * @throws QuantizedTensorError where it is larger than such tensors are
   */
  async bytes(name: string, most = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    const expr = this.get(name);
    const [source] = sourcesOf(expr);
    if (source === undefined || expr.op !== 'source') {
      throw new QuantizedTensorError(`Tensor ${name} is not kept in one piece.`);
    }
    const size = bytesOf(source.dtype, Math.min(elementCount(source.shape), most));
    if (size > MAX_PLANNED_TENSOR_BYTES) {
      throw new QuantizedTensorError(
        `Tensor ${name} of ${source.file} has ${size} bytes, more than ${MAX_PLANNED_TENSOR_BYTES}: it is no description of another.`,
      );
    }
    return this.repo.read(source.file, source.offset, size, this.signal);
  }
}
