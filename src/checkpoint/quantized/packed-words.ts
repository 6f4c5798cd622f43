import { forEachConcurrently } from '../../async/concurrency.js';
import { cast, gather, reshape, sub, transpose } from '../../tensor/build.js';
import { elementCount, rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { type Form, groupsOf } from './config-groups.js';
import { computedOnce } from './packed-codes.js';
import { type PlainTensors, QuantizedTensorError, UnsupportedMethodError } from './plain-tensors.js';
import { broadcast, checkDType, checkShape, perElement, scaled } from './scales.js';
import { isWordsOf, wordCodes } from './word-codes.js';

/** What the names of tensors beside a weight end with. */
export const PACKED = '_packed';
export const SCALE = '_scale';
export const SCALE_DTYPES: readonly string[] = ['F32', 'BF16', 'F16'];

/** Modules whose `X_shape` is read even where other tensors show it: a request each, where the files are elsewhere. */
const MAX_CHECKED = 1024;
/** Columns whose groups are checked while planning; those of any more when they are read. */
const MAX_CHECKED_ORDER = 2 ** 14;
const READS = 16;

/** Puts the values of packed integers behind all other tensors. */
export async function decodePacked(
  tensors: PlainTensors,
  weights: readonly string[],
  forms: readonly Form[],
): Promise<void> {
  const shapes = new Map<string, readonly number[]>();
  const orders = new Map<string, TensorExpr>();
  const shown = (weight: string) => (weights.length > MAX_CHECKED ? shownShape(tensors, weight, forms) : null);
  await forEachConcurrently(weights, READS, tensors.signal, async (weight) => {
    const shape = shown(weight) ?? (await readShape(tensors, weight));
    shapes.set(weight, shape);
    const order = await readOrder(tensors, weight, rowLength(shape));
    if (order) {
      orders.set(weight, order);
    }
  });
  for (const weight of weights) {
    decodeWords(tensors, weight, { shape: shapes.get(weight) ?? [], forms, order: orders.get(weight) });
  }
}

/** The shape where packed words and groups leave only one: rows that end with no padding. */
function shownShape(tensors: PlainTensors, weight: string, forms: readonly Form[]): readonly number[] | null {
  const [[rows = 0, words = 0], [, groups = 0]] = [PACKED, SCALE].map((end) => shapeOf(tensors.get(weight + end))) as [
    readonly number[],
    readonly number[],
  ];
  const form = forms.find(({ bits, group }) => group !== null && words * 32 === group * groups * bits);
  return form ? [rows, (words * 32) / form.bits] : null;
}

/** @throws QuantizedTensorError */
async function readShape(tensors: PlainTensors, weight: string): Promise<readonly number[]> {
  const name = `${weight}_shape`;
  const expr = tensors.get(name);
  checkDType(name, expr, 'I64', 'I32');
  if (elementCount(shapeOf(expr)) !== 2) {
    throw new QuantizedTensorError(`Tensor ${name} is [${shapeOf(expr).join(', ')}], not two sizes.`);
  }
  const bytes = await tensors.bytes(name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [0, 1].map((i) =>
    dtypeOf(expr) === 'I64' ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  );
}

/** The group of each column; undefined where groups follow each other. @throws QuantizedTensorError */
async function readOrder(tensors: PlainTensors, weight: string, columns: number): Promise<TensorExpr | undefined> {
  const name = `${weight}_g_idx`;
  const expr = tensors.find(name);
  if (!expr) {
    return undefined;
  }
  checkDType(name, expr, 'I32');
  checkShape(name, expr, [columns]);
  const groups = rowLength(shapeOf(tensors.get(weight + SCALE)));
  const bytes = await tensors.bytes(name, MAX_CHECKED_ORDER);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
  // A quantizer that keeps the columns' own order leaves -1.
  if (all.includes(-1)) {
    return undefined;
  }
  const wrong = all.find((group) => group < 0 || group >= groups);
  if (wrong !== undefined) {
    throw new QuantizedTensorError(`Tensor ${name} has group ${wrong}, and its weight has ${groups} groups.`);
  }
  return expr;
}

interface Packed {
  readonly shape: readonly number[];
  readonly forms: readonly Form[];
  readonly order: TensorExpr | undefined;
}

/** @throws QuantizedTensorError */
function decodeWords(tensors: PlainTensors, weight: string, { shape, forms, order }: Packed): void {
  const words = tensors.get(weight + PACKED);
  const scale = tensors.get(weight + SCALE);
  checkDType(weight + SCALE, scale, ...SCALE_DTYPES);
  const [rows = 0, columns = 0] = shape;
  const each = rowLength(shapeOf(words));
  const isSingle = elementCount(shapeOf(scale)) === 1;
  const groups = isSingle ? 1 : rowLength(shapeOf(scale));
  const form = forms.find(
    (own) => isWordsOf(each, columns, own.bits) && (isSingle || groupsOf(own, columns) === groups),
  );
  if (!form || shape.some((size) => size <= 0)) {
    throw new QuantizedTensorError(
      `Tensor ${weight}${PACKED} is [${shapeOf(words).join(', ')}] for [${shape.join(', ')}] codes in ${groups} groups, which is no form of config.json.`,
    );
  }
  const { bits, group } = form;
  if (bits > 8) {
    throw new UnsupportedMethodError(`Tensor ${weight}${PACKED} has codes of ${bits} bits.`);
  }
  checkShape(weight + PACKED, words, [rows, each]);
  if (!isSingle) {
    checkShape(weight + SCALE, scale, [rows, groups]);
  }
  const forColumns = (expr: TensorExpr) =>
    order ? gather(expr, 1, order) : perElement(expr, shape, [1, Math.min(group ?? columns, columns)], weight);
  const scales = isSingle
    ? broadcast(reshape(scale, [1, 1]), shape, weight)
    : forColumns(computedOnce(cast(scale, 'F32')));
  const zero = tensors.find(`${weight}_zero_point`);
  const codes = wordCodes(words, columns, bits, zero ? 0 : 2 ** (bits - 1));
  const values = zero ? sub(codes, forColumns(zeroPoints(zero, `${weight}_zero_point`, [rows, groups], bits))) : codes;
  tensors.set(weight, scaled(values, scales), `INT${bits}`);
  tensors.drop(...[PACKED, SCALE, '_shape', '_zero_point', '_g_idx'].map((end) => weight + end));
}

/** Zero points [rows, groups] in float32, from words that are packed along the rows. */
function zeroPoints(
  words: TensorExpr,
  name: string,
  [rows = 0, groups = 0]: readonly number[],
  bits: number,
): TensorExpr {
  checkDType(name, words, 'I32');
  const [length = 0] = shapeOf(words);
  if (!isWordsOf(length, rows, bits)) {
    throw new QuantizedTensorError(
      `Tensor ${name} is [${shapeOf(words).join(', ')}] for ${rows} rows of ${bits} bits.`,
    );
  }
  checkShape(name, words, [length, groups]);
  return computedOnce(transpose(wordCodes(transpose(words, 0, 1), rows, bits, 0), 0, 1));
}
