import { isScaled } from '../../tensor/dtype.js';
import { dtypeOf } from '../../tensor/rows.js';
import { decodeFloats } from './fp8.js';
import type { Method } from './method.js';

/**
 * 8-bit floats as transformers' FbgemmFp8Config saves them: `X` E4M3 [out, in] with `X_scale` [out, 1], experts stacked in
 * one more dimension. weight = float32(code) * scale. `input_scale_ub` limits activations.
 * Facts: transformers/integrations/fbgemm_fp8.py.
 */
export const fbgemmFp8: Method = {
  name: 'fbgemm FP8',
  is: ({ method }) => method === 'fbgemm_fp8',
  decode(tensors, _declared, { fp8AsQ8 }) {
    for (const scale of tensors.names()) {
      const weight = scale.slice(0, -'_scale'.length);
      const codes = scale.endsWith('_scale') ? tensors.find(weight) : undefined;
      if (codes && isScaled(dtypeOf(codes))) {
        decodeFloats(tensors, { weight, scale, block: null, toQ8: fp8AsQ8 });
        tensors.drop(scale);
      } else if (/(_scale_ub|\.input_scale)$/.test(scale)) {
        tensors.drop(scale);
      }
    }
  },
};
