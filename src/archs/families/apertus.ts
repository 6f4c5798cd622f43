import type { Architecture, KeyRow, Probe } from '../architecture.js';
import { DENSE } from '../rules.js';
import { named } from '../tensor-names.js';
import { llama } from './llama.js';

/** Parameters of xIELU, the activation: a number for each block. They are no tensors of the file, but keys. */
const XIELU = ['alpha_n', 'alpha_p', 'beta', 'eps'];

export const apertus = {
  ...llama,
  classes: ['ApertusForCausalLM'],
  gguf: 'apertus',
  example: 'swiss-ai/Apertus-8B-Instruct-2509',
  firstKeys: XIELU.map((id): KeyRow => [`xielu.${id}`, 'f32[]', { probe: id }]),
  tensors: named(`${DENSE.replace('ffn_gate ', '')} attn_q_norm attn_k_norm`),
  drop: [...llama.drop, ...XIELU.map((id) => `*.act_fn.${id}`)],
  probes: XIELU.map((id): Probe => ({ id, want: 'values', of: [`model.layers.{b}.mlp.act_fn.${id}`] })),
} as const satisfies Architecture;
