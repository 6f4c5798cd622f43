import type { Architecture, Transform, Value } from '../architecture.js';
import { DENSE } from '../rules.js';
import { named } from '../tensor-names.js';
import { MAMBA_KEYS, mamba2, SSM2, SSM2_KEYS, SSM2_VIA } from './mamba.js';

const field = (name: string): Value => ({ fields: [name], required: true });
const times = (...names: string[]): readonly Transform[] => names.map((name) => ['mul', field(name)]);
const element = (name: string, at: number): Value => ({ element: at, of: field(name) });

/** The widths of z, x, B, C and dt in the input projection, each of which has a multiplier. */
const INNER = field('mamba_d_ssm');
const STATES: Value = { math: 'mul', of: [field('mamba_n_groups'), field('mamba_d_state')] };
const PARTS = [INNER, INNER, STATES, STATES, { value: -1 }].flatMap((rows, i) => [rows, element('ssm_multipliers', i)]);

/** Attention and Mamba 2 side by side in each block. The multipliers of the configuration go into the weights. */
export const falconH1 = {
  ...mamba2,
  classes: ['FalconH1ForCausalLM'],
  gguf: 'falcon-h1',
  example: 'tiiuae/Falcon-H1-0.5B-Base',
  rename: [['.dt_bias', '.dt_proj.bias']],
  keys: [
    ...MAMBA_KEYS,
    ...SSM2_KEYS,
    ['{arch}.vocab_size', 'u32', field('vocab_size')],
    ['{arch}.context_length', 'u32', { fields: ['max_position_embeddings'], or: 0 }],
    ['{arch}.feed_forward_length', 'u32', field('intermediate_size')],
    ['{arch}.attention.head_count', 'u32', field('num_attention_heads')],
    ['{arch}.attention.head_count_kv', 'u32', field('num_key_value_heads')],
    ['{arch}.attention.key_length', 'u32', field('head_dim')],
    ['{arch}.attention.value_length', 'u32', field('head_dim')],
    ['{arch}.rope.freq_base', 'f32', { fields: ['rope_theta'], of: 'rope_root', required: true }],
  ],
  tensors: [
    ...named(`${DENSE.replace('ffn_norm ', '')} ${SSM2}`, {
      ...SSM2_VIA,
      token_embd: times('embedding_multiplier'),
      output: times('lm_head_multiplier'),
      attn_q: times('attention_in_multiplier'),
      attn_k: times('key_multiplier', 'attention_in_multiplier'),
      attn_v: times('attention_in_multiplier'),
      attn_output: times('attention_out_multiplier'),
      ffn_gate: [['mul', element('mlp_multipliers', 0)]],
      ffn_down: [['mul', element('mlp_multipliers', 1)]],
      ssm_in: [...times('ssm_in_multiplier'), ['mulRows', ...PARTS]],
      ssm_out: times('ssm_out_multiplier'),
    }),
    // llama.cpp's name of this norm has no `.weight`.
    { from: ['{L}.pre_ff_layernorm.weight'], to: 'blk.{b}.ffn_norm' },
  ],
  tokenizer: { kinds: ['bpe'] },
} as const satisfies Architecture;
