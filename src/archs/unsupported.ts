import type { Condition } from './architecture.js';

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

/** They are looked up before the families. */
export const UNSUPPORTED: readonly Unsupported[] = [
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
    classes: ['Ministral3ForCausalLM', 'Mistral3ForConditionalGeneration'],
    when: { field: 'model_type', is: 'mistral4' },
    what: 'a Mistral 4',
    next: 'Convert a Mistral 3 instead.',
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
];
