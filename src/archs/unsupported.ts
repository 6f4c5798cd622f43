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
    classes: ['JAISLMHeadModel'],
    when: {
      any: [
        { not: { field: 'activation_function', is: 'swiglu' } },
        { not: { field: 'position_embedding_type', is: 'alibi' } },
      ],
    },
    what: 'a Jais without SwiGLU or ALiBi',
    next: 'Convert one that has both.',
  },
  {
    classes: ['LLaMAForCausalLM', 'LlamaForCausalLM', 'LlamaModel'],
    when: {
      all: [
        { field: 'draft_vocab_size', exists: true },
        { field: 'num_hidden_layers', is: 1 },
      ],
    },
    what: 'an EAGLE-3 draft model (config.json has a draft_vocab_size and one layer)',
    next: 'Convert the model that it drafts for.',
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
