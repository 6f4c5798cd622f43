import type { KeyValues } from '../gguf/key-values.js';
import { type GgmlType, rowBytes } from '../gguf/types.js';
import { align, encodeHeader } from '../gguf/writer.js';
import { FILE_TYPES, type FileType, type OutType } from '../quantize/file-types.js';
import { modelFacts } from '../quantize/model-facts.js';
import { type Choice, chooseOutType } from '../quantize/outtype.js';
import { chooseQuantTypes, compareForQuantized, dimensions } from '../quantize/recipe.js';
import { dtypeOf, elementCount, shapeOf, type TensorExpr } from '../tensor/expr.js';
import type { PlannedFile, PlannedTensor } from './plan.js';

/** An output tensor before its type is known, in the converter's order. */
export interface NamedExpr {
  readonly name: string;
  readonly expr: TensorExpr;
}

/** Version of the quantization formats that ggml writes (GGML_QNT_VERSION). */
export const QUANTIZATION_VERSION = 2;

type Unplaced = Omit<PlannedTensor, 'offset' | 'size'>;

/** The file that the converter writes. */
export function layOutConverted(
  name: string,
  kv: KeyValues,
  tensors: readonly NamedExpr[],
  outType: OutType,
): PlannedFile {
  return place(
    name,
    outType,
    kv,
    convertedTensors(tensors, outType).map((t) => ({ ...t, via: 'F32' })),
  );
}

/** The file that llama-quantize makes of the one that the converter writes with `outType`. */
export function layOutQuantized(
  name: string,
  converted: KeyValues,
  tensors: readonly NamedExpr[],
  outType: OutType,
  fileType: FileType,
): PlannedFile {
  const sorted = convertedTensors(tensors, outType).sort(compareForQuantized);
  const choices = chooseQuantTypes(sorted, fileType, modelFacts(converted));
  const kv = converted
    .clone()
    .delete('general.quantization_version')
    .u32('general.quantization_version', QUANTIZATION_VERSION)
    .delete('general.file_type')
    .u32('general.file_type', FILE_TYPES[fileType].id);
  return place(
    name,
    fileType,
    kv,
    sorted.map((tensor, i) => {
      const { type, why, instead } = choices[i] as Choice;
      return {
        ...withoutInstead(tensor),
        ne: tensor.ne.slice(0, dimensions(tensor.ne)),
        type,
        why: type === tensor.type && !instead ? tensor.why : why,
        ...(instead && { instead }),
        via: tensor.type as PlannedTensor['via'],
        finite: true,
      };
    }),
  );
}

function withoutInstead({
  instead: _,
  copy: __,
  ...tensor
}: Omit<Unplaced, 'via'>): Omit<Unplaced, 'via' | 'instead' | 'copy'> {
  return tensor;
}

function convertedTensors(tensors: readonly NamedExpr[], outType: OutType): Omit<Unplaced, 'via'>[] {
  return tensors.map(({ name, expr }) => {
    const shape = shapeOf(expr);
    const choice = chooseOutType(name, shape, outType);
    // The reference makes bfloat16's NaNs quiet.
    const copy = choice.type === dtypeOf(expr) && choice.type !== 'BF16';
    return { name, expr, ne: [...shape].reverse(), finite: false, ...(copy && { copy }), ...choice };
  });
}

function place(name: string, type: string | null, kv: KeyValues, unplaced: readonly Unplaced[]): PlannedFile {
  let offset = 0;
  let parameters = 0;
  let bytes = 0;
  let fallenBack = 0;
  const tensors = unplaced.map((tensor): PlannedTensor => {
    const elements = elementCount(tensor.ne);
    const size = sizeOf(tensor.type, tensor.ne);
    const placed = { ...tensor, offset, size };
    offset += align(size);
    parameters += elements;
    bytes += size;
    fallenBack += tensor.instead ? elements : 0;
    return placed;
  });
  const header = encodeHeader(kv.entries(), tensors);
  const headerSize = header.length;
  const file = {
    name,
    type,
    kv: [...kv.entries()],
    tensors,
    headerSize,
    size: headerSize + offset,
    parameters,
    bitsPerWeight: parameters && (bytes * 8) / parameters,
    fallbackShare: parameters && fallenBack / parameters,
  };
  headers.set(file, header);
  return file;
}

/** Encoding a vocabulary takes a while, and a file's size isn't known without. */
const headers = new WeakMap<PlannedFile, Uint8Array>();

/** The bytes before the data section. */
export function headerOf(file: PlannedFile): Uint8Array {
  return headers.get(file) ?? encodeHeader(file.kv, file.tensors);
}

/** The key-values of a vocabulary alone. */
export function layOutVocabulary(name: string, kv: KeyValues): PlannedFile {
  return place(name, null, kv, []);
}

function sizeOf(type: GgmlType, ne: readonly number[]): number {
  const columns = ne[0] ?? 1;
  return columns === 0 ? 0 : rowBytes(type, columns) * (elementCount(ne) / columns);
}
