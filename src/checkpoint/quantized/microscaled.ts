import { isWholeBlocks, repack } from '../../tensor/blocks.js';
import { rowLength } from '../../tensor/expr.js';
import { dtypeOf } from '../../tensor/rows.js';
import { MXFP4_MOE } from './block-file-types.js';
import type { Method } from './method.js';
import { microFloats, packedBytes } from './micro-floats.js';
import type { BlockTensor } from './plain-tensors.js';
import { checkDType } from './scales.js';

/**
 * Microscaling formats as compressed-tensors and modelopt save them: `weight_scale` U8 (E8M0) [out, in / 32], with
 * `weight_packed` U8 [out, in / 2] (MXFP4) or `weight` E4M3 [out, in] (MXFP8). The reference refuses them: MXFP4 becomes
 * plain values, or with `keepBlocks` ggml's blocks.
 *
 * Facts: compressed_tensors/compressors/mxfp4, mxfp8; modelopt/torch/quantization/qtensor.
 */
export const microscaled: Method = {
  name: 'compressed-tensors',
  is: ({ method }) => method === 'compressed-tensors' || method === 'modelopt',
  decode(tensors, _, { keepBlocks }) {
    const blocks: BlockTensor[] = [];
    for (const name of tensors.names().filter((own) => own.endsWith(SCALE))) {
      const scales = tensors.get(name);
      if (!E8M0.includes(dtypeOf(scales))) {
        continue;
      }
      const plain = name.slice(0, -SCALE.length) + WEIGHT;
      const packed = `${plain}_packed`;
      const [format, codes] = tensors.has(packed) ? (['MXFP4', packed] as const) : (['MXFP8', plain] as const);
      checkDType(codes, tensors.get(codes), format === 'MXFP4' ? 'U8' : 'F8_E4M3');
      const own = { codes: tensors.get(codes), scales };
      const bytes = packedBytes(format, own, codes);
      if (keepBlocks && format === 'MXFP4' && isWholeBlocks(format, rowLength(bytes.shape))) {
        const expr = repack(format, bytes.codes, bytes.scales);
        blocks.push({ name: plain, expr, plain: () => microFloats(format, own, codes), kept: format });
      } else {
        tensors.set(plain, microFloats(format, own, codes), format);
        tensors.hasBlocks ||= format === 'MXFP4';
      }
      tensors.drop(name, packed);
    }
    if (blocks.length > 0) {
      tensors.keepBlocks(blocks, MXFP4_MOE);
    }
  },
};

const WEIGHT = '.weight';
const SCALE = '.weight_scale';
const E8M0: readonly string[] = ['U8', 'F8_E8M0'];
