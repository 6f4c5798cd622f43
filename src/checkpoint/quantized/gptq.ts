import { add, cast, gather, mul, permute, reshape, sub, transpose, unpack } from '../../tensor/build.js';
import { bytesOf } from '../../tensor/dtype.js';
import type { TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { checkBits, type DeclaredSizes, declaredSizes, entriesOf, groupSize } from './declared-sizes.js';
import type { Method } from './method.js';
import { computedOnce } from './packed-codes.js';
import { type PlainTensors, QuantizedTensorError, UnsupportedMethodError } from './plain-tensors.js';
import { checkDType, checkShape, perElement } from './scales.js';

/**
 * Weights as AutoGPTQ and GPTQModel save them. Codes of 2, 3, 4 or 8 bits fill words from the low bit up; those of 3 bits
 * go over the borders of words. `qweight` [inputs * bits / 32, outputs] is packed along the inputs, `qzeros`
 * [groups, outputs * bits / 32] along the outputs. `g_idx` [inputs] has the group of each input; without it, groups follow
 * each other. weight = scales[group] * (code - zero[group]) in float32. The format `gptq` keeps zero - 1, `gptq_v2` zero.
 *
 * Facts: `dequant_gptq` in conversion/base.py; `pack_original` in gptqmodel/nn_modules/qlinear/__init__.py.
 */
export const gptq: Method = {
  name: 'GPTQ',
  is: ({ method }) => method === 'gptq',
  decode(tensors, { config }) {
    const { checkpoint_format: format = 'gptq', dynamic } = config;
    if (format !== 'gptq' && format !== 'gptq_v2') {
      throw new UnsupportedMethodError(`The checkpoint is quantized by GPTQ in the format ${JSON.stringify(format)}.`);
    }
    decodeGptq(tensors, {
      name: 'GPTQ',
      sizes: declaredSizes([config, ...entriesOf(dynamic)]),
      zeroOffset: format === 'gptq' ? 1 : 0,
    });
  },
};

interface Layout {
  /** Of the method. */
  readonly name: string;
  readonly sizes: DeclaredSizes;
  /** What is added to the stored zeros. */
  readonly zeroOffset: 0 | 1;
}

/** Puts weights in the places of tensors in GPTQ's layout. @throws QuantizedTensorError, UnsupportedMethodError */
export function decodeGptq(tensors: PlainTensors, { name, sizes, zeroOffset }: Layout): void {
  for (const codes of tensors.names().filter((each) => each.endsWith(CODES))) {
    const module = codes.slice(0, -CODES.length);
    const packed = partsOf(tensors, module);
    const { bits, inputs, groups } = sizesOf(packed, module, sizes);
    const { qweight, qzeros, scales, index } = packed;
    const shape = [shapeOf(scales)[1] ?? 0, inputs];
    const stored = cast(unpackTransposed(qzeros, bits), 'F32');
    const zeros = zeroOffset === 0 ? stored : add(stored, zeroOffset);
    const size = index ? 0 : groupSize(`${module}.scales`, inputs, groups, sizes);
    const each = (expr: TensorExpr) =>
      index ? gather(expr, 1, index) : perElement(computedOnce(expr), shape, [size], module);
    const values = cast(unpack(transpose(qweight, 0, 1), 1, bits), 'F32');
    const weight = mul(each(cast(transpose(scales, 0, 1), 'F32')), sub(values, each(zeros)));
    tensors.set(`${module}.weight`, weight, `${name} ${bits} bits`);
    tensors.drop(codes, `${module}.qzeros`, `${module}.scales`, `${module}.g_idx`);
  }
}

const CODES = '.qweight';
const BITS: readonly number[] = [2, 3, 4, 8];
/** Integers that hold codes. */
const WORDS = ['I32', 'U32', 'I16', 'I8', 'U8'];

interface Packed {
  readonly qweight: TensorExpr;
  readonly qzeros: TensorExpr;
  readonly scales: TensorExpr;
  readonly index: TensorExpr | undefined;
}

function partsOf(tensors: PlainTensors, module: string): Packed {
  return {
    qweight: tensors.get(module + CODES),
    qzeros: tensors.get(`${module}.qzeros`),
    scales: tensors.get(`${module}.scales`),
    index: tensors.find(`${module}.g_idx`),
  };
}

/** What the shapes of a module's tensors say. @throws QuantizedTensorError, UnsupportedMethodError */
function sizesOf({ qweight, qzeros, scales, index }: Packed, module: string, declared: DeclaredSizes) {
  checkDType(module + CODES, qweight, ...WORDS);
  checkDType(`${module}.qzeros`, qzeros, dtypeOf(qweight));
  checkDType(`${module}.scales`, scales, 'F16', 'BF16', 'F32');
  const [[words = 0, outputs = 0, ...more], [, zeroWords = 0], [groups = 0]] = [qweight, qzeros, scales].map(
    shapeOf,
  ) as [readonly number[], readonly number[], readonly number[]];
  const word = 8 * bytesOf(dtypeOf(qweight), 1);
  const bits = (zeroWords * word) / outputs;
  const inputs = (words * word) / bits;
  if (more.length > 0 || !Number.isSafeInteger(bits) || !Number.isSafeInteger(inputs)) {
    throw new QuantizedTensorError(
      `Tensor ${module}${CODES} is [${shapeOf(qweight).join(', ')}], which its zeros [${shapeOf(qzeros).join(', ')}] contradict.`,
    );
  }
  checkBits(module + CODES, bits, declared);
  if (!BITS.includes(bits)) {
    throw new UnsupportedMethodError(`Tensor ${module}${CODES} has codes of ${bits} bits in GPTQ's layout.`);
  }
  checkShape(`${module}.qzeros`, qzeros, [groups, zeroWords]);
  checkShape(`${module}.scales`, scales, [groups, outputs]);
  if (index) {
    checkDType(`${module}.g_idx`, index, 'I32', 'I64');
    checkShape(`${module}.g_idx`, index, [inputs]);
  }
  return { bits, inputs, groups };
}

/**
 * Codes that are packed along rows, as columns: [rows, words] becomes [codes of a row, rows]. Words are transposed in the
 * smallest groups that end where a code does.
 */
function unpackTransposed(words: TensorExpr, bits: number): TensorExpr {
  const [rows = 0, count = 0] = shapeOf(words);
  const group = bits === 3 ? 3 : 1;
  const apart = permute(reshape(words, [rows, count / group, group]), [1, 0, 2]);
  const codes = permute(unpack(apart, 2, bits), [0, 2, 1]);
  const [groups = 0, each = 0] = shapeOf(codes);
  return reshape(codes, [groups * each, rows]);
}
