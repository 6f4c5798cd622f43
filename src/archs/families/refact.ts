import type { Architecture, Value } from '../architecture.js';
import { block, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, needed } from '../text-keys.js';

const SIZE: Value = { fields: ['n_embd'], required: true };
const HEAD: Value = { math: 'quotient', of: [SIZE, { fields: ['n_head'], required: true }] };

/** Two thirds of four times the size, rounded up to a multiple of 256. */
const FEED_FORWARD: Value = {
  math: 'mul',
  of: [
    {
      math: 'quotient',
      of: [
        {
          math: 'add',
          of: [{ math: 'quotient', of: [{ math: 'mul', of: [SIZE, { value: 8 }] }, { value: 3 }] }, { value: 255 }],
        },
        { value: 256 },
      ],
    },
    { value: 256 },
  ],
};

export const refact = {
  ...TEXT_MODEL,
  classes: ['GPTRefactForCausalLM'],
  gguf: 'refact',
  example: 'smallcloudai/Refact-1_6-base',
  keys: [
    needed('context_length', 'u32', 'n_positions'),
    needed('embedding_length', 'u32', 'n_embd'),
    ['{arch}.feed_forward_length', 'u32', FEED_FORWARD],
    BLOCK_COUNT,
    needed('attention.head_count', 'u32', 'n_head'),
    ['{arch}.attention.head_count_kv', 'u32', { value: 1 }],
    needed('attention.layer_norm_rms_epsilon', 'f32', 'layer_norm_epsilon'),
    FILE_TYPE,
  ],
  tensors: [
    ...named('token_embd output output_norm attn_norm attn_output ffn_norm ffn_down'),
    block('attn_q', ['attn.q']),
    block('attn_k', ['attn.kv'], ['slice', 0, 0, HEAD]),
    block('attn_v', ['attn.kv'], ['slice', 0, HEAD]),
    block('ffn_gate', ['mlp.gate_up_proj'], ['slice', 0, 0, FEED_FORWARD]),
    block('ffn_up', ['mlp.gate_up_proj'], ['slice', 0, FEED_FORWARD]),
  ],
  tokenizer: { kinds: ['bpe'], after: ['refact-infill'] },
} as const satisfies Architecture;
