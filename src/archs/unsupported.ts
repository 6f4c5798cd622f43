import type { Condition } from './architecture.js';

/** A kind of model under a class name that families have, or under none, which is not converted yet. */
export interface Unsupported {
  readonly classes: readonly string[];
  readonly when: Condition;
  /** Completes "The model is". */
  readonly what: string;
  readonly next: string;
}

/** They are looked up before the families. */
export const UNSUPPORTED: readonly Unsupported[] = [
  {
    classes: ['Ministral3ForCausalLM', 'Mistral3ForConditionalGeneration'],
    when: { field: 'model_type', is: 'mistral4' },
    what: 'a Mistral 4',
    next: 'Convert a Mistral 3 instead.',
  },
  {
    classes: ['Qwen3ForCausalLM', 'Qwen3Model'],
    when: { derive: 'origin', is: 'InternS1ForConditionalGeneration' },
    what: 'an Intern-S1 around a Qwen3',
    next: 'Convert the Qwen3 that it was made from.',
  },
  {
    classes: ['Qwen3ForCausalLM', 'Qwen3Model'],
    when: { derive: 'is_reranker', is: true },
    what: 'a Qwen3 reranker',
    next: 'Convert the Qwen3 model that it was made from.',
  },
];
