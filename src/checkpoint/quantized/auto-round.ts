import { decodeAwq } from './awq.js';
import { declaredSizes, entriesOf } from './declared-sizes.js';
import { decodeGptq } from './gptq.js';
import type { Method } from './method.js';
import { UnsupportedMethodError } from './plain-tensors.js';

/**
 * Weights of integers as AutoRound saves them: in GPTQ's layout without `g_idx`, or in that of AWQ's GEMM. `extra_config`
 * has other sizes for some modules, and 16 bits for those that are plain.
 *
 * Facts: `convert_hf_model` in auto_round/inference/convert_model.py; auto_round/export/export_to_autoround/.
 */
export const autoRound: Method = {
  name: 'AutoRound',
  isOurs: true,
  is: ({ method }) => method === 'auto-round' || method === 'intel/auto-round',
  decode(tensors, { config, hparams }) {
    const { packing_format: format = 'auto', extra_config: entries } = config;
    const layout = LAYOUTS.get(format);
    if (layout === undefined) {
      throw new UnsupportedMethodError(`The checkpoint is quantized by AutoRound as ${JSON.stringify(format)}.`);
    }
    const own = { name: 'AutoRound', sizes: declaredSizes([config, ...entriesOf(entries)]) };
    if (layout === 'AWQ') {
      decodeAwq(tensors, { ...own, isRows: false, hparams });
    } else {
      decodeGptq(tensors, { ...own, zeroOffset: layout === 'GPTQ' ? 1 : 0 });
    }
  },
};

/** By `packing_format`. Only in AutoRound's own format zeros are kept as they are. */
const LAYOUTS: ReadonlyMap<unknown, 'GPTQ' | 'GPTQ, plain zeros' | 'AWQ'> = new Map([
  ['auto', 'GPTQ'],
  ['auto_round:gptq', 'GPTQ'],
  ['auto_round:auto_gptq', 'GPTQ'],
  ['auto_round', 'GPTQ, plain zeros'],
  ['auto_round:awq', 'AWQ'],
  ['auto_round:auto_awq', 'AWQ'],
]);
