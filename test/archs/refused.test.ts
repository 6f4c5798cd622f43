import { findArchitecture, UnsupportedVariantError } from '#src/archs/registry.js';
import { loadConfig } from '#src/config/load-config.js';
import type { JsonObject } from '#src/json.js';
import { known } from './known.js';

/** What asserts and errors of the reference's `set_gguf_parameters` refuse, and what they let through. */

const ALPHAS = { layernorm_full_attention_alpha: 3, layernorm_linear_attention_alpha: 3, layernorm_mlp_alpha: 3 };
const BETAS = { layernorm_full_attention_beta: 1, layernorm_linear_attention_beta: 1, layernorm_mlp_beta: 1 };
const MAPLE = { hidden_act: 'silu', nope_on_global_attention: true };
const SPARK = { gate_attn_act_mode: 'sigmoid', headwise_attn_output_gate: true, hidden_act: 'gelu' };
const DOTS_3 = {
  ...{
    layer_types: ['full_attention', 'sliding_attention'],
    scoring_func: 'sigmoid',
    q_lora_rank: 8,
    swa_q_lora_rank: 8,
  },
  ...{ qk_rope_head_dim: 64, swa_qk_rope_head_dim: 64, swa_qk_nope_head_dim: 192 },
};
const STEP = { layer_types: ['full_attention', 'sliding_attention'], partial_rotary_factors: [0.5, 1] };

const find = (architecture: string, fields: JsonObject) =>
  findArchitecture(known(loadConfig({ architectures: [architecture], num_hidden_layers: 2, ...fields })));

test.each<[string, JsonObject, JsonObject]>([
  ['Dots3NoteForCausalLM', DOTS_3, { layer_types: ['full_attention'] }],
  ['Dots3NoteForCausalLM', DOTS_3, { use_dsa: false }],
  ['Dots3NoteForCausalLM', DOTS_3, { final_norm: 'LayerNorm' }],
  ['Dots3NoteForCausalLM', DOTS_3, { scoring_func: 'softmax' }],
  ['Dots3NoteForCausalLM', DOTS_3, { n_group: 8 }],
  ['Dots3NoteForCausalLM', DOTS_3, { swa_attention_gate_type: 'elementwise' }],
  ['Dots3NoteForCausalLM', DOTS_3, { swa_head_dim: 192 }],
  ['Dots3NoteForCausalLM', DOTS_3, { qk_rope_head_dim: 32 }],
  ['Dots3NoteForCausalLM', DOTS_3, { swa_q_lora_rank: 4 }],
  ['ExaoneForCausalLM', { activation_function: 'silu' }, { activation_function: 'gelu' }],
  ['BambaForCausalLM', { attn_layer_indices: [1] }, { hidden_act: 'gelu' }],
  ['BambaForCausalLM', { attn_layer_indices: [1], hidden_act: 'silu' }, { hidden_act: 'relu' }],
  ['LagunaForCausalLM', { gating: true }, { gating: false }],
  ['LagunaForCausalLM', { gating: 'per-element' }, { gating: 'per-token' }],
  ['LagunaForCausalLM', { gating: true, gating_types: ['per_head'] }, { gating_types: ['per_element'] }],
  ['MapleForCausalLM', MAPLE, { num_shared_experts: 1 }],
  ['MapleForCausalLM', MAPLE, { norm_topk_prob: false }],
  ['MapleForCausalLM', MAPLE, { nope_on_global_attention: false }],
  ['MiniMaxM1ForCausalLM', { ...ALPHAS, ...BETAS }, { layernorm_mlp_alpha: 2 }],
  ['MiniMaxM1ForCausalLM', { ...ALPHAS, ...BETAS }, { layernorm_mlp_beta: 2 }],
  ['NemotronHForCausalLM', { num_experts_per_tok: 2 }, { num_nextn_predict_layers: 2 }],
  ['Spark2_5ForCausalLM', SPARK, { headwise_attn_output_gate: null }],
  ['Spark2_5ForCausalLM', SPARK, { hidden_act: 'silu' }],
  ['Step3p5ForCausalLM', STEP, { partial_rotary_factors: [1, 1] }],
])('%s with %j is converted, and with %j as well it is not', (architecture, fields, other) => {
  expect(() => find(architecture, fields)).not.toThrow();
  expect(() => find(architecture, { ...fields, ...other })).toThrow(UnsupportedVariantError);
});

test.each([
  ['UltravoxModel', /text_model_id/],
  ['GraniteSpeechForConditionalGeneration', /text_config/],
  ['InternVisionModel', /a part of/],
  ['Qwen3TTSForConditionalGeneration', /convert_hf_to_gguf\.py/],
])('%s has no text model that is converted, and the error says what to do', (architecture, next) => {
  expect(() => find(architecture, {})).toThrow(UnsupportedVariantError);
  expect(() => find(architecture, {})).toThrow(next);
});

test('the language model within one of speech is converted by its own class', () => {
  const text = { architectures: ['GraniteForCausalLM'], num_hidden_layers: 2 };
  expect(find('GraniteSpeechForConditionalGeneration', { text_config: text }).gguf).toBe('granite');
});
