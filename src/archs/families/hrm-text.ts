import type { Architecture, TensorRule, Value } from '../architecture.js';
import { block, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed, required, TEXT_KEYS } from '../text-keys.js';

const STACK: Value = { derive: 'hrm_layers_per_stack' };
const L_AND_H: Value = { math: 'add', of: [required('L_cycles'), { value: 1 }] };

/** One of `count` equal parts of a tensor's rows. */
const part = (to: string, from: string, i: number, count: number): TensorRule =>
  block(to, [from], ['chunk', 0, count], ['take', i]);

/** Two stacks of blocks, which run in cycles: the blocks that are counted are those that run. */
export const hrmText = {
  ...TEXT_MODEL,
  classes: ['HrmTextForCausalLM'],
  gguf: 'hrm_text',
  example: 'danish-foundation-models/DFM-Mimir',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.block_count', 'u32', { math: 'mul', of: [STACK, required('H_cycles'), L_AND_H] }],
    ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }],
    needed('embedding_scale', 'f32', 'embedding_scale'),
    ['{arch}.hrm.layers_per_stack', 'u32', STACK],
    needed('hrm.h_cycles', 'u32', 'H_cycles'),
    needed('hrm.l_cycles', 'u32', 'L_cycles'),
    ['{arch}.hrm.prefix_lm', 'bool', { fields: ['prefix_lm'], or: false }],
  ],
  blocks: ['model.L_module.layers.{b}', { begin: 'model.H_module.layers.{b}', after: 'hrm_layers_per_stack' }],
  blockLimit: { math: 'mul', of: [STACK, { value: 2 }] },
  rename: [...TEXT_MODEL.rename, ['.attn.', '.self_attn.']],
  tensors: [
    ...named('token_embd output attn_output ffn_down'),
    { from: ['model.z_L_init'], to: 'hrm.z_l_init' },
    ...['attn_gate', 'attn_q', 'attn_k', 'attn_v'].map((name, i) => part(name, 'self_attn.gqkv_proj', i, 4)),
    ...['ffn_gate', 'ffn_up'].map((name, i) => part(name, 'mlp.gate_up_proj', i, 2)),
  ],
} as const satisfies Architecture;
