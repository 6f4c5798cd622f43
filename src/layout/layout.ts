import { UnsupportedError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import { blockSize, GGML_TYPES, type GgmlType, rowBytes } from '../gguf/types.js';
import { align, DEFAULT_ALIGNMENT, encodeHeader } from '../gguf/writer.js';
import { MAX_GGUF_DIMS } from '../limits.js';
import type { OutType } from '../quantize/file-types.js';
import { type Choice, chooseOutType } from '../quantize/outtype.js';
import type { ElementType } from '../tensor/dtype.js';
import { elementCount, type NamedExpr } from '../tensor/expr.js';
import { dtypeOf, shapeOf } from '../tensor/rows.js';
import type { PlannedFile, PlannedTensor, Prediction, TensorWrite } from './plan.js';

/** Version of the quantization formats that ggml writes (GGML_QNT_VERSION). */
export const QUANTIZATION_VERSION = 2;

/** A planned tensor without its offset and size. */
export type UnplacedTensor = Omit<PlannedTensor, 'offset' | 'size'>;

/** The file that the converter writes, with every tensor placed. @param fileType its name */
export function layOutConverted(
  name: string,
  kv: KeyValues,
  tensors: readonly NamedExpr[],
  outType: OutType,
  fileType: string = outType,
): PlannedFile {
  return placeTensors({ name, type: fileType, kv, tensors: convertedTensors(tensors, outType) });
}

/** The tensors of the file that the converter writes, each with its type. */
export function convertedTensors(tensors: readonly NamedExpr[], outType: OutType): UnplacedTensor[] {
  return tensors.map(({ name, expr, forced }) => {
    const shape = shapeOf(expr);
    const dtype = dtypeOf(expr);
    const choice = ownChoice(dtype) ?? chooseOutType(name, shape, outType, forced);
    // ref-quirk: BF16 tensors are not copied, because `BF16.quantize_blocks` in gguf-py/gguf/quants.py makes NaNs
    // quiet.
    const isCopy = choice.type === dtype && choice.type !== 'BF16';
    const write: TensorWrite = isCopy ? { kind: 'copy' } : { kind: 'convert', via: 'F32', finite: false };
    return { name, expr, ne: [...shape].reverse(), write, ...choice };
  });
}

/** What keeps its type whatever is asked. */
function ownChoice(dtype: ElementType): Choice | undefined {
  switch (dtype) {
    case 'I64':
    case 'I32':
      return { type: dtype, why: 'whole numbers' };
    case 'MXFP4':
    case 'NVFP4':
      return { type: dtype, why: "the checkpoint's blocks" };
    default:
      return undefined;
  }
}

/** A file without tensors, for a vocabulary alone. */
export function layOutVocabulary(name: string, kv: KeyValues): PlannedFile {
  return placeTensors({ name, type: null, kv, tensors: [] });
}

/** A file before its tensors have offsets and sizes. */
export interface Unplaced {
  readonly name: string;
  readonly type: string | null;
  readonly kv: KeyValues;
  readonly tensors: readonly UnplacedTensor[];
  readonly part?: readonly [number: number, count: number];
  /** Whether the header is padded; `encodeHeader` says when. */
  readonly padded?: boolean;
  readonly prediction?: Prediction | undefined;
}

/** A tensor has more dimensions than a GGUF file can hold. */
export class DimensionsError extends UnsupportedError {}

/**
 * Puts tensors one after the other, as ggml does: each at a multiple of the file's alignment.
 * @throws DimensionsError
 */
export function placeTensors({ name, type, kv, tensors: unplaced, part, padded, prediction }: Unplaced): PlannedFile {
  const alignment = Number(kv.get('general.alignment')?.value ?? DEFAULT_ALIGNMENT);
  let offset = 0;
  let parameters = 0;
  let bytes = 0;
  let askedBytes = 0;
  let fallenBack = 0;
  const tensors = unplaced.map((tensor): PlannedTensor => {
    if (tensor.ne.length > MAX_GGUF_DIMS) {
      throw new DimensionsError(
        `Tensor ${tensor.name} has ${tensor.ne.length} dimensions, and GGUF has at most ${MAX_GGUF_DIMS}.`,
        'Check that the weights are those of a model that this version converts.',
      );
    }
    const elements = elementCount(tensor.ne);
    const size = sizeOf(tensor.type, tensor.ne);
    const placed = { ...tensor, offset, size };
    offset += align(size, alignment);
    parameters += elements;
    bytes += size;
    askedBytes += tensor.instead ? bytesPerElement(tensor.instead) * elements : size;
    fallenBack += tensor.instead ? elements : 0;
    return placed;
  });
  const header = encodeHeader(kv.entries(), tensors, padded);
  const headerSize = header.length;
  const file = {
    name,
    ...(part && { part }),
    type,
    kv: [...kv.entries()],
    tensors,
    headerSize,
    size: headerSize + offset,
    parameters,
    bitsPerWeight: parameters && (bytes * 8) / parameters,
    askedBitsPerWeight: parameters && (askedBytes * 8) / parameters,
    fallbackShare: parameters && fallenBack / parameters,
    ...(prediction && { prediction }),
  };
  headers.set(file, header);
  return file;
}

/**
 * Headers that are already encoded. Planning needs a header's size, writing needs its bytes, and encoding a vocabulary
 * is slow.
 */
const headers = new WeakMap<PlannedFile, Uint8Array>();

/** The bytes before the data section. */
export function headerOf(file: PlannedFile): Uint8Array {
  return headers.get(file) ?? encodeHeader(file.kv, file.tensors);
}

function bytesPerElement(type: GgmlType): number {
  return GGML_TYPES[type][2] / blockSize(type);
}

/** Bytes of a tensor without padding. @param ne the row length first. */
export function sizeOf(type: GgmlType, ne: readonly number[]): number {
  const columns = ne[0] ?? 1;
  return columns === 0 ? 0 : rowBytes(type, columns) * (elementCount(ne) / columns);
}
