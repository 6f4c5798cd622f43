import { isScaled } from '../../tensor/dtype.js';
import { dtypeOf } from '../../tensor/rows.js';
import { decodeFloats } from './fp8.js';
import type { Method } from './method.js';

/** Scales of activations and of the key-value cache. */
const UNUSED = ['.input_scale', '.k_scale', '.v_scale'];

/**
 * 8-bit floats as NVIDIA's modelopt saves them: `weight` E4M3 with `weight_scale` F32, a scalar or one for each row.
 * weight = float32(code) * scale. NVFP4, which may stand beside them, is a method of its own, asked before this one.
 * Facts: `dequant_model` in conversion/base.py.
 */
export const modeloptFp8: Method = {
  name: 'modelopt FP8',
  is: ({ method }) => method === 'modelopt',
  decode(tensors, _declared, { fp8AsQ8 }) {
    for (const name of tensors.names()) {
      if (name.endsWith('.weight_scale')) {
        const weight = name.slice(0, -'_scale'.length);
        const codes = tensors.find(weight);
        if (codes) {
          const toQ8 = fp8AsQ8 && isScaled(dtypeOf(codes));
          decodeFloats(tensors, { weight, scale: name, block: null, toQ8 });
        }
        tensors.drop(name);
      } else if (UNUSED.some((ending) => name.endsWith(ending))) {
        tensors.drop(name);
      }
    }
  },
};
