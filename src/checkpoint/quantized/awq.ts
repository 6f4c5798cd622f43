import type { JsonObject } from '../../json.js';
import { cast, fill, mul, permute, reshape, slice, sub, transpose, unpack } from '../../tensor/build.js';
import { rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { modelDType, type PlainType } from './declared-dtypes.js';
import { type DeclaredSizes, declaredSizes, groupSize } from './declared-sizes.js';
import type { Method } from './method.js';
import { computedOnce } from './packed-codes.js';
import { type PlainTensors, QuantizedTensorError, UnsupportedMethodError } from './plain-tensors.js';
import { checkDType, checkShape, perElement } from './scales.js';

/**
 * Weights of 4 bits as AutoAWQ saves them: (code - zero) * scale, rounded to the scales' dtype, then to the model's. Words
 * hold 8 codes.
 *
 * GEMM: `qweight` [inputs, outputs / 8], `qzeros` [groups, outputs / 8], `scales` [groups, outputs]. The codes of a word
 * belong to the outputs 0, 2, 4, 6, 1, 3, 5, 7 of eight, from the low bits up.
 * GEMV: `qweight` [outputs, inputs / 8], `qzeros` [outputs, Z], `scales` [outputs, 8 Z], all in order. The groups of a row
 * are padded to 8 Z.
 * Without zeros codes are around 8.
 *
 * Facts: `dequantize_gemm` in awq/utils/packing_utils.py; awq/modules/linear/gemm.py and gemv.py.
 */
export const awq: Method = {
  name: 'AWQ',
  isOurs: true,
  is: ({ method }) => method === 'awq',
  decode(tensors, { config, hparams }) {
    const version = String(config.version ?? 'gemm').toLowerCase();
    const isRows = version === 'gemv';
    if (!isRows && !COLUMNS.includes(version)) {
      throw new UnsupportedMethodError(`The checkpoint is quantized by AWQ for the kernel ${JSON.stringify(version)}.`);
    }
    decodeAwq(tensors, { name: 'AWQ', sizes: declaredSizes([config]), isRows, hparams });
  },
};

/** Kernels whose modules are kept as GEMM's are. */
const COLUMNS = ['gemm', 'exllama', 'ipex'];
const CODES = '.qweight';
const BITS = 4;

interface Layout {
  /** Of the method. */
  readonly name: string;
  readonly sizes: DeclaredSizes;
  /** GEMV's layout. */
  readonly isRows: boolean;
  readonly hparams: JsonObject;
}

/** Puts weights in the places of tensors in AWQ's layouts. @throws QuantizedTensorError, UnsupportedMethodError */
export function decodeAwq(tensors: PlainTensors, { name, sizes, isRows, hparams }: Layout): void {
  const dtype = modelDType(hparams);
  for (const codes of tensors.names().filter((each) => each.endsWith(CODES))) {
    if (sizes.bits.some((bits) => bits < 16 && bits !== BITS)) {
      throw new UnsupportedMethodError(`The checkpoint is quantized by ${name} to ${sizes.bits.join(' and ')} bits.`);
    }
    const module = codes.slice(0, -CODES.length);
    const packed = {
      module,
      qweight: tensors.get(codes),
      qzeros: tensors.find(`${module}.qzeros`),
      scales: tensors.get(`${module}.scales`),
    };
    checkDType(codes, packed.qweight, 'I32', 'U32');
    checkDType(`${module}.scales`, packed.scales, 'F16', 'BF16', 'F32');
    if (packed.qzeros) {
      checkDType(`${module}.qzeros`, packed.qzeros, 'I32', 'U32');
    }
    if ([packed.qweight, packed.scales].some((expr) => shapeOf(expr).length !== 2)) {
      throw new QuantizedTensorError(`Tensor ${codes} is [${shapeOf(packed.qweight).join(', ')}], which is no matrix.`);
    }
    const weight = (isRows ? rowsOf : columnsOf)(packed, sizes);
    tensors.set(`${module}.weight`, cast(weight, dtype), `${name} ${BITS} bits`);
    tensors.drop(codes, `${module}.qzeros`, `${module}.scales`);
  }
}

interface Packed {
  readonly module: string;
  readonly qweight: TensorExpr;
  readonly qzeros: TensorExpr | undefined;
  readonly scales: TensorExpr;
}

function columnsOf({ module, qweight, qzeros, scales }: Packed, sizes: DeclaredSizes): TensorExpr {
  const [inputs = 0, words = 0] = shapeOf(qweight);
  const [groups = 0] = shapeOf(scales);
  checkShape(`${module}.scales`, scales, [groups, 8 * words]);
  checkZeros(module, qzeros, [groups, words]);
  const size = groupSize(`${module}.scales`, inputs, groups, sizes);
  const zeros = qzeros && columnCodes(qzeros);
  return computed({ codes: columnCodes(qweight), zeros, scales: transpose(scales, 0, 1), size, module });
}

/** The codes of the words of rows, as columns: [rows, words] becomes [8 * words, rows]. */
function columnCodes(words: TensorExpr): TensorExpr {
  const [rows = 0, count = 0] = shapeOf(words);
  const codes = reshape(unpack(transpose(words, 0, 1), 1, BITS), [count, rows, 2, 4]);
  return reshape(permute(codes, [0, 3, 2, 1]), [8 * count, rows]);
}

function rowsOf({ module, qweight, qzeros, scales }: Packed, sizes: DeclaredSizes): TensorExpr {
  const [outputs = 0, words = 0] = shapeOf(qweight);
  const inputs = 8 * words;
  const zeroWords = rowLength(shapeOf(scales)) / 8;
  checkShape(`${module}.scales`, scales, [outputs, 8 * zeroWords]);
  checkZeros(module, qzeros, [outputs, zeroWords]);
  const declared = sizes.groups.map((size) => (size === -1 ? inputs : size));
  const size = declared.find((each) => Number.isSafeInteger(each) && zeroWords === paddedWords(each, inputs));
  if (size === undefined) {
    throw new QuantizedTensorError(
      `Tensor ${module}.scales has ${8 * zeroWords} padded groups for ${inputs} inputs, and config.json asks for groups of ${declared.join(' or ') || 'no size'}.`,
    );
  }
  const first = (expr: TensorExpr) => slice(expr, 1, 0, Math.ceil(inputs / size));
  const zeros = qzeros && first(unpack(qzeros, 1, BITS));
  return computed({ codes: unpack(qweight, 1, BITS), zeros, scales: first(scales), size, module });
}

/** Words of the zeros of a row: as many as a kernel reads together for groups of that size. */
function paddedWords(size: number, inputs: number): number {
  const together = size >= 128 ? 1 : size >= 64 ? 2 : 4;
  return Math.ceil(Math.ceil(Math.ceil(inputs / size) / 8) / together) * together;
}

function checkZeros(module: string, qzeros: TensorExpr | undefined, shape: readonly number[]): void {
  if (qzeros) {
    checkShape(`${module}.qzeros`, qzeros, shape);
  }
}

interface Affine {
  /** [outputs, inputs] */
  readonly codes: TensorExpr;
  /** [outputs, groups], like the scales. */
  readonly zeros: TensorExpr | undefined;
  readonly scales: TensorExpr;
  readonly size: number;
  readonly module: string;
}

/** In float32 the product is exact, so it is rounded once. */
function computed({ codes, zeros, scales, size, module }: Affine): TensorExpr {
  const shape = shapeOf(codes);
  const each = (expr: TensorExpr) => perElement(computedOnce(cast(expr, 'F32')), shape, [size], module);
  const zero = zeros ? each(zeros) : fill(2 ** (BITS - 1), shape);
  return cast(mul(sub(cast(codes, 'F32'), zero), each(scales)), dtypeOf(scales) as PlainType);
}
