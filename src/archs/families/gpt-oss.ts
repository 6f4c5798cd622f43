import type { Architecture, TensorRule, Transform } from '../architecture.js';
import { SINKS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed, TEXT_KEYS } from '../text-keys.js';

const TRANSPOSED: Transform = ['transpose', 1, 2];

/** Gates and ups are the even and the odd rows of one tensor, which the checkpoint has transposed. */
function half(name: string, from: number): readonly TensorRule[] {
  const rows: Transform = ['slice', 1, from, -1, 2];
  return [
    { from: ['{L}.mlp.experts.gate_up_proj'], to: `blk.{b}.${name}.weight`, via: [TRANSPOSED, rows] },
    { from: ['{L}.mlp.experts.gate_up_proj_bias'], to: `blk.{b}.${name}.bias`, via: [rows] },
  ];
}

export const gptOss = {
  ...TEXT_MODEL,
  classes: ['GptOssForCausalLM'],
  gguf: 'gpt-oss',
  example: 'openai/gpt-oss-20b',
  keys: [
    ...TEXT_KEYS,
    needed('attention.sliding_window', 'u32', 'sliding_window'),
    needed('expert_feed_forward_length', 'u32', 'intermediate_size'),
  ],
  tensors: [
    ...named(
      'token_embd output_norm output attn_norm attn_q attn_k attn_v attn_output post_attention_norm ffn_gate_inp',
    ),
    SINKS,
    { from: ['{L}.mlp.experts.down_proj'], to: 'blk.{b}.ffn_down_exps.weight', via: [TRANSPOSED] },
    { from: ['{L}.mlp.experts.down_proj_bias'], to: 'blk.{b}.ffn_down_exps.bias' },
    ...half('ffn_gate_exps', 0),
    ...half('ffn_up_exps', 1),
  ],
} as const satisfies Architecture;
