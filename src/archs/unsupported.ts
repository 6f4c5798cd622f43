import type { Condition } from './architecture.js';

/** A kind of model under a class name that families have, or under none, which is not converted yet. */
export interface Unsupported {
  readonly classes: readonly string[];
  readonly when: Condition;
  /** Completes "The model is". */
  readonly what: string;
  readonly next: string;
}

const GELU = 'gelu_pytorch_tanh';
const LAYERS = ['target_layer_ids'];
const MARKOV_HEAD = ['markov_head_type'];

/** They are looked up before the families. */
export const UNSUPPORTED: readonly Unsupported[] = [
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
    when: { not: { field: 'altup_num_inputs', is: 4 } },
    what: 'a Gemma 3n without four inputs of AltUp (altup_num_inputs)',
    next: 'Convert one that has four.',
  },
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
];
