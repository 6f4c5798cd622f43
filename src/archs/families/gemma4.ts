import type { Architecture, KeyRow, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { keyList, LAYER_WINDOWS, math, whole } from '../text-keys.js';
import { GEMMA3_KEYS, GEMMA3_TENSORS, KNOWN_TOKENS } from './gemma.js';

const WIDTH: Value = { fields: ['intermediate_size'] };
const SHARED: Value = { fields: ['num_kv_shared_layers'] };
const ROTATED: Value = { fields: ['partial_rotary_factor'], of: 'rope_root', or: 1 };

const GEMMA4_KEYS: readonly KeyRow[] = [
  ...GEMMA3_KEYS,
  ...keyList('attention.shared_kv_layers=num_kv_shared_layers'),
  ...keyList('embedding_length_per_layer_input=hidden_size_per_layer_input?0'),
  LAYER_WINDOWS,
  ...keyList('attention.key_length=@global_head_dim attention.value_length=@global_head_dim'),
  ...keyList('attention.key_length_swa=head_dim attention.value_length_swa=head_dim'),
  ['{arch}.expert_feed_forward_length', 'u32', { fields: ['expert_intermediate_size', 'moe_intermediate_size'] }],
  // The blocks that share keys and values may be twice as wide.
  [
    '{arch}.feed_forward_length',
    'i32[]',
    { layers: { from: math('sub', { derive: 'block_count' }, SHARED) }, yes: math('mul', WIDTH, 2), no: WIDTH },
    { set: { fields: ['use_double_wide_mlp'] } },
  ],
  [
    '{arch}.attention.head_count_kv',
    'i32[]',
    { layers: LAYER_WINDOWS[2].layers, yes: { fields: ['num_key_value_heads'] }, no: { derive: 'global_kv_heads' } },
  ],
  ...keyList('rope.dimension_count=@global_head_dim'),
  ['{arch}.rope.dimension_count_swa', 'u32', whole(math('mul', { fields: ['head_dim'] }, ROTATED))],
];

const LAYER_SCALE = { from: ['{L}.layer_scalar'], to: 'blk.{b}.layer_output_scale.weight' } as const;

export const gemma4 = {
  ...TEXT_MODEL,
  classes: ['Gemma4ForCausalLM', 'Gemma4ForConditionalGeneration'],
  gguf: 'gemma4',
  example: 'google/gemma-4-E2B-it',
  keys: GEMMA4_KEYS,
  tensors: [
    ...named(
      `${GEMMA3_TENSORS} per_layer_token_embd per_layer_model_proj per_layer_proj_norm inp_gate proj post_norm ` +
        'pre_ffw_norm_2 post_ffw_norm_1 post_ffw_norm_2 ffn_gate_inp',
      KNOWN_TOKENS,
    ),
    LAYER_SCALE,
    { from: ['{L}.router.scale'], to: 'blk.{b}.ffn_gate_inp.scale' },
    { from: ['{L}.router.per_expert_scale'], to: 'blk.{b}.ffn_down_exps.scale' },
    { from: ['{L}.experts.down_proj', '{L}.experts.down_proj.weight'], to: 'blk.{b}.ffn_down_exps.weight' },
    { from: ['{L}.experts.gate_up_proj', '{L}.experts.gate_up_proj.weight'], to: 'blk.{b}.ffn_gate_up_exps.weight' },
  ],
  extra: ['proportional_rope'],
  files: ['tokenizer.json'],
  tokenizer: { kinds: ['gemma4'] },
} as const satisfies Architecture;

/** Gemma 4 with encoders of few layers. */
export const gemma4Unified = {
  ...gemma4,
  classes: ['Gemma4UnifiedForConditionalGeneration'],
  keys: [...GEMMA4_KEYS, ['tokenizer.ggml.suppress_tokens', 'i32[]', { derive: 'suppressed_tokens' }]],
  files: ['tokenizer.json', 'generation_config.json'],
} as const satisfies Architecture;

/** What drafts for a Gemma 4: it has queries of its own, and the keys and values of the model that it drafts for. */
export const gemma4Assistant = {
  ...gemma4,
  classes: ['Gemma4AssistantForCausalLM', 'Gemma4UnifiedAssistantForCausalLM'],
  gguf: 'gemma4-assistant',
  example: 'google/gemma-4-E2B-it-assistant',
  keys: [...GEMMA4_KEYS, ...keyList('embedding_length_out=backbone_hidden_size nextn_predict_layers=@block_count')],
  tensors: [
    ...named(
      'token_embd output_norm attn_norm attn_q attn_output ffn_norm ffn_gate ffn_up ffn_down attn_q_norm ' +
        'post_ffw_norm post_attention_norm nextn.pre_projection nextn.post_projection',
      KNOWN_TOKENS,
    ),
    LAYER_SCALE,
  ],
  ignore: [...TEXT_MODEL.ignore, '*masked_embedding*'],
  unproven: true,
} as const satisfies Architecture;
