import type { Architecture, Probe } from '../architecture.js';
import { DENSE, ROTARY } from '../rules.js';
import { named } from '../tensor-names.js';
import { llama } from './llama.js';

/** The distances between a draft model's tokens and the target's. */
export const D2T: Probe = { id: 'd2t', want: 'values', of: ['d2t'] };

/** A draft of one block, which reads the target's hidden states. */
export const eagle3 = {
  ...llama,
  classes: [
    ...llama.classes,
    ...['LlamaForCausalLMEagle3', 'Eagle3LlamaForCausalLM', 'Eagle3Speculator', 'Eagle3DraftModel'],
  ],
  when: {
    all: [
      { field: 'draft_vocab_size', exists: true },
      { field: 'num_hidden_layers', is: 1 },
    ],
  },
  gguf: 'eagle3',
  example: 'yuhuili/EAGLE3-LLaMA3.1-Instruct-8B',
  firstKeys: [
    ['{arch}.target_layers', 'i32[]', { derive: 'eagle3_target_layers' }],
    [
      '{arch}.target_hidden_size',
      'u32',
      { first: [{ fields: ['target_hidden_size'] }, { fields: ['hidden_size'], of: 'target', required: true }] },
    ],
    ['{arch}.norm_before_residual', 'bool', { fields: ['norm_before_residual'], or: false }],
    ['{arch}.norm_before_fc', 'bool', { fields: ['norm_before_fc'], or: false }],
  ],
  rename: [['midlayer.', 'model.layers.0.']],
  drop: [...llama.drop, 'd2t', 't2d'],
  tensors: [
    ...named(DENSE, ROTARY),
    { from: ['fc.weight'], to: 'fc.weight' },
    { from: ['input_norm.weight'], to: 'enc.output_norm.weight' },
    { from: ['{L}.hidden_norm.weight'], to: 'blk.{b}.attn_norm_2.weight' },
  ],
  probes: [D2T],
  lastExtra: ['eagle3_d2t'],
  target: 'files',
} as const satisfies Architecture;
