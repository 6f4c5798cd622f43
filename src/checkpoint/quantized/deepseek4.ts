import { cast } from '../../tensor/build.js';
import { isScaled } from '../../tensor/dtype.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { decodeFloats } from './fp8.js';
import { isDeepSeek4, type Method } from './method.js';
import { checkDType } from './scales.js';

/**
 * DeepSeek V4: `X.weight` of 8-bit floats with `X.scale`, E8M0 or a float, for blocks of 128 by 128. These become Q8_0, and
 * what the files have in F32 or BF16 keeps its type, whatever `--outtype` says.
 * ref-quirk: `dequant_model` and `tensor_force_quant` of DeepseekV4Model in conversion/deepseek.py.
 */
export const deepseek4: Method = {
  name: 'FP8',
  is: isDeepSeek4,
  decode(tensors) {
    for (const name of tensors.names()) {
      const expr = tensors.get(name);
      const dtype = dtypeOf(expr);
      const scale = name.replace(/\.weight$/, '.scale');
      if (name.endsWith('.weight') && tensors.has(scale) && isScaled(dtype)) {
        decodeFloats(tensors, { weight: name, scale, block: BLOCK, toQ8: true });
        tensors.drop(scale);
      } else if (name.endsWith(EXPERT_OF_TOKEN)) {
        checkDType(name, expr, 'I64', 'I32');
        tensors.set(name, cast(expr, 'I32'), undefined, 'I32');
      } else if (dtype === 'F32' || (dtype === 'BF16' && shapeOf(expr).length >= 2)) {
        tensors.set(name, expr, undefined, dtype);
      }
    }
  },
};

const BLOCK = [128, 128];
/** A table of whole numbers. */
const EXPERT_OF_TOKEN = '.gate.tid2eid';
