import type { Condition, Value } from './architecture.js';

/** A kind of model under a class name that families have, or under none, which is not converted yet. */
export interface Unsupported {
  readonly classes: readonly string[];
  readonly when: Condition;
  /** Completes "The model is". */
  readonly what: string;
  readonly next: string;
}

/** A field that is there with none of these values. */
const other = (field: string, ...values: readonly number[]): Condition => ({
  all: [{ field, exists: true }, { not: { field, is: values } }],
});

const minimaxAlpha = (part: string): Value => ({ fields: [`layernorm_${part}_alpha`] });
/** How MiniMax' other alphas differ from that of full attention. */
const MINIMAX_ALPHAS = ['linear_attention', 'mlp'].map(
  (part): Value => ({ math: 'sub', of: [minimaxAlpha(part), minimaxAlpha('full_attention')] }),
);
const MINIMAX_BETAS = ['full_attention', 'linear_attention', 'mlp'].map((part) => `layernorm_${part}_beta`);

const GELU = 'gelu_pytorch_tanh';
const LAYERS = ['target_layer_ids'];
const MARKOV_HEAD = ['markov_head_type'];

/** Two fields of different values. */
const differ = (field: string, than: string): Condition => ({
  not: { value: { math: 'sub', of: [{ fields: [field] }, { fields: [than] }] }, is: 0 },
});
const rope = (name: string, or?: number): Value => ({
  fields: [name],
  of: 'rope_root',
  ...(or !== undefined && { or }),
});
/** ref-quirk: the reference knows this scaling's length of texts for what was released alone. */
const RELEASED_SCALING: readonly Condition[] = [
  { value: rope('rope_theta', 10000), is: 10000 },
  { field: 'max_position_embeddings', is: [32 * 1024, 256 * 1024] },
];
const DYNAMIC: Condition = { value: rope('rope_type'), is: 'dynamic' };

/** They are looked up before the families. */
export const UNSUPPORTED: readonly Unsupported[] = [
  {
    classes: ['BailingMoeV3ForCausalLM'],
    when: {
      any: [
        ...['no_kda_lora', 'kda_safe_gate'].map((field): Condition => ({ not: { set: { fields: [field] } } })),
        { not: { field: 'gated_attention_proj_granularity_type', is: 'head_wise' } },
      ],
    },
    what: 'a Ling 3 with another kind of gates than the released ones',
    next: 'Check no_kda_lora, kda_safe_gate and gated_attention_proj_granularity_type in config.json.',
  },
  {
    classes: ['HunYuanDenseV1ForCausalLM', 'HunYuanVLForConditionalGeneration'],
    when: { all: [DYNAMIC, { not: { set: rope('mrope_section') } }, { not: { all: RELEASED_SCALING } }] },
    what: 'a Hunyuan whose rotary scaling is not that of the released ones',
    next: 'Check rope_theta and max_position_embeddings in config.json.',
  },
  {
    classes: ['HunYuanMoEV1ForCausalLM'],
    when: {
      all: [
        DYNAMIC,
        {
          not: {
            all: [
              ...RELEASED_SCALING,
              { value: rope('alpha', 1000), is: 1000 },
              {
                value: { math: 'quotient', of: [{ fields: ['hidden_size'] }, { fields: ['num_attention_heads'] }] },
                is: 128,
              },
            ],
          },
        },
      ],
    },
    what: 'a Hunyuan whose rotary scaling is not that of the released ones',
    next: 'Check rope_theta, max_position_embeddings, alpha and the size of heads in config.json.',
  },
  {
    classes: ['MiMoV2FlashForCausalLM', 'MiMoV2ForCausalLM'],
    when: {
      any: [
        ...['head_dim', 'num_attention_heads', 'v_head_dim'].map((field) => differ(`swa_${field}`, field)),
        { not: { field: 'topk_method', is: 'noaux_tc' } },
      ],
    },
    what: 'a MiMo V2 whose windowed layers have heads of other sizes, or whose topk_method is not noaux_tc',
    next: 'Check the fields that begin with swa_ in config.json.',
  },
  {
    classes: [
      ...['Qwen3DSparkModel', 'DSparkDraftModel', 'DSparkSpeculator', 'Lfm2DSparkDraftModel', 'LingDSparkModel'],
      'Gemma4DSparkModel',
    ],
    when: {
      not: {
        value: {
          first: [
            { fields: MARKOV_HEAD, of: ['dflash_config'] },
            { fields: MARKOV_HEAD, or: 'vanilla' },
          ],
        },
        is: 'vanilla',
      },
    },
    what: 'a DSpark with a Markov head of another kind than vanilla (markov_head_type)',
    next: 'Convert one with a vanilla head.',
  },
  {
    classes: ['Gemma4DSparkModel'],
    when: {
      any: [
        ...['attention_bias', 'enable_moe_block', 'final_logit_softcapping'].map(
          (name): Condition => ({ set: { fields: [name] } }),
        ),
        { not: { set: { fields: ['attention_k_eq_v'] } } },
        { not: { value: { fields: ['hidden_activation'], or: GELU }, is: GELU } },
        { not: { derive: 'all_full_attention', is: true } },
        { not: { derive: 'has_full_draft_vocabulary', is: true } },
        { not: { set: { first: [{ fields: LAYERS, of: ['dflash_config'] }, { fields: LAYERS }] } } },
      ],
    },
    what: "a Gemma 4's draft with layers, a head or an activation of another kind than released ones have",
    next: 'Convert another one.',
  },
  {
    classes: ['Gemma3ForCausalLM', 'Gemma3TextModel', 'Gemma3nForCausalLM', 'Gemma4ForCausalLM'],
    when: { not: { value: { fields: ['attn_logit_softcapping'], or: 'none' }, is: 'none' } },
    what: 'a Gemma 3 or later whose attention is capped (attn_logit_softcapping)',
    next: 'Convert a Gemma 2 instead.',
  },
  {
    classes: ['Gemma3nForCausalLM'],
    when: { not: { value: { fields: ['altup_num_inputs'], or: 4 }, is: 4 } },
    what: 'a Gemma 3n without four inputs of AltUp (altup_num_inputs)',
    next: 'Convert one that has four.',
  },
  {
    classes: ['KimiK3ForConditionalGeneration'],
    when: {
      any: [
        { field: 'mla_use_nope', is: false },
        { all: [{ field: 'hidden_act', exists: true }, { not: { field: 'hidden_act', is: 'situ' } }] },
      ],
    },
    what: 'a Kimi K3 whose latent attention rotates, or whose activation is not situ',
    next: 'Convert a Kimi K3 as it was released.',
  },
  {
    classes: ['JAISLMHeadModel'],
    when: {
      any: [
        { not: { value: { fields: ['activation_function'], or: 'swiglu' }, is: 'swiglu' } },
        { not: { value: { fields: ['position_embedding_type'], or: 'alibi' }, is: 'alibi' } },
      ],
    },
    what: 'a Jais without SwiGLU or ALiBi',
    next: 'Convert one that has both.',
  },
  {
    classes: ['NomicBertModel'],
    // ref-quirk: `NomicBertModel` in conversion/bert.py: llama.cpp computes the layers of the released models alone.
    when: {
      any: [
        other('n_positions', 8192, 2048),
        other('max_trained_positions', 2048),
        other('rotary_emb_fraction', 1),
        ...['causal', 'prenorm', 'rotary_emb_interleaved', 'rotary_emb_scale_base'].map((field) => ({
          set: { fields: [field] },
        })),
      ],
    },
    what: 'a NomicBERT of another design than the released ones',
    next: 'Check n_positions, causal, prenorm and the rotary_emb_* fields in config.json.',
  },
  {
    classes: ['ExaoneForCausalLM'],
    when: { not: { field: 'activation_function', is: 'silu' } },
    what: 'an EXAONE whose activation_function is not silu',
    next: 'Convert one that has it.',
  },
  {
    classes: ['BambaForCausalLM', 'GraniteMoeHybridForCausalLM'],
    when: {
      all: [{ field: 'hidden_act', exists: true }, { not: { field: 'hidden_act', is: ['silu', null] } }],
    },
    what: 'a hybrid whose hidden_act is not silu',
    next: 'Convert one that has it.',
  },
  {
    classes: ['LagunaForCausalLM'],
    when: { derive: 'laguna_gates_declared', is: false },
    what: 'a Laguna whose `gating` in config.json does not say which gates it has',
    next: 'Set gating to "per-head" or "per-element", as the model has it.',
  },
  {
    classes: ['MapleForCausalLM'],
    when: {
      any: [
        { not: { field: 'hidden_act', is: 'silu' } },
        { set: { fields: ['num_shared_experts'] } },
        { field: 'norm_topk_prob', is: [false, null, 0] },
        { not: { set: { fields: ['nope_on_global_attention'] } } },
      ],
    },
    what: 'a Maple with another activation, shared experts, unnormalized weights of experts or rotary global attention',
    next: 'Convert one that is as the released model.',
  },
  {
    classes: ['MiniMaxText01ForCausalLM', 'MiniMaxM1ForCausalLM'],
    when: {
      any: [
        ...MINIMAX_ALPHAS.map((value): Condition => ({ not: { value, is: 0 } })),
        ...MINIMAX_BETAS.map((field): Condition => ({ not: { field, is: 1 } })),
      ],
    },
    what: 'a MiniMax whose residuals are not all scaled alike (layernorm_..._alpha and _beta in config.json)',
    next: 'Convert one whose alphas are equal and whose betas are 1.',
  },
  {
    classes: ['NemotronHForCausalLM'],
    when: {
      all: [
        { field: 'num_experts_per_tok', exists: true },
        { value: { fields: ['num_nextn_predict_layers'] }, above: 1 },
      ],
    },
    what: 'a Nemotron-H with more than one block for multi-token prediction',
    next: 'Set num_nextn_predict_layers in config.json to 0 to convert it without.',
  },
  {
    classes: ['Spark2_5ForCausalLM'],
    when: {
      any: [
        { not: { field: 'gate_attn_act_mode', is: 'sigmoid' } },
        { not: { field: 'headwise_attn_output_gate', is: true } },
        { not: { field: 'hidden_act', is: 'gelu' } },
      ],
    },
    what: 'a Spark 2.5 without sigmoid gates for each head, or without GELU',
    next: 'Convert one that has both.',
  },
  {
    classes: ['Step3p5ForCausalLM', 'Step3p7ForConditionalGeneration'],
    when: { derive: 'step_rotary_factors_fit', is: false },
    what: 'a Step-3.5 whose partial_rotary_factors are not 1 in layers with a window and 0.5 in others',
    next: 'Convert one that is as the released model.',
  },
];
