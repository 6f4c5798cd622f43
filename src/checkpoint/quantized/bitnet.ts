import { cast, div, expand, mul, permute, reshape, sub, unpack } from '../../tensor/build.js';
import { elementCount, type TensorExpr } from '../../tensor/expr.js';
import { shapeOf } from '../../tensor/rows.js';
import type { Method } from './method.js';
import { QuantizedTensorError } from './plain-tensors.js';
import { checkDType } from './scales.js';

/**
 * Weights of -1, 0 and 1 as transformers packs them: a byte has the codes of four rows, which are a quarter of all rows
 * apart, the first in the low bits. weight = (code - 1) / weight_scale in float32; of `autobitlinear`, which BitNet-2B-4T has,
 * (code - 1) * weight_scale, where the reference divides all the same.
 *
 * Facts: `dequant_bitnet` in conversion/base.py; `pack_weights`, `BitLinear` and `AutoBitLinear` in
 * transformers/integrations/bitnet.py.
 */
export const bitnet: Method = {
  name: 'BitNet',
  is: ({ method }) => method === 'bitnet',
  decode(tensors, { config }) {
    const scaledBy = config.linear_class === 'autobitlinear' ? mul : div;
    for (const name of tensors.names().filter((each) => each.endsWith(SCALE))) {
      const weight = name.slice(0, -SCALE.length) + WEIGHT;
      const [codes, scale] = [tensors.get(weight), tensors.get(name)];
      checkDType(weight, codes, 'U8', 'I8');
      checkDType(name, scale, 'F16', 'BF16', 'F32');
      if (elementCount(shapeOf(scale)) !== 1 || shapeOf(codes).length < 2) {
        throw new QuantizedTensorError(
          `Tensor ${weight} is [${shapeOf(codes).join(', ')}], and its scale [${shapeOf(scale).join(', ')}].`,
        );
      }
      const ternary = sub(cast(quarters(codes), 'F32'), 1);
      const shape = shapeOf(ternary);
      const each = reshape(expand(reshape(scale, [1]), 0, elementCount(shape)), shape);
      tensors.set(weight, scaledBy(ternary, cast(each, 'F32')), 'BitNet');
      tensors.drop(name);
    }
  },
};

const SCALE = '.weight_scale';
const WEIGHT = '.weight';

/** Codes of two bits: the lowest of all bytes, then the next ones. */
function quarters(codes: TensorExpr): TensorExpr {
  const shape = shapeOf(codes);
  const [rows = 0, ...rest] = shape;
  const apart = reshape(unpack(codes, shape.length - 1, 2), [...shape, 4]);
  return reshape(permute(apart, [shape.length, ...shape.keys()]), [4 * rows, ...rest]);
}
