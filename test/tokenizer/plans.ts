import { llama } from '#src/archs/llama.js';
import { qwen2 } from '#src/archs/qwen2.js';
import { BPE_ALONE, type TokenizerPlan } from '#src/tokenizer/plan.js';

/** By a family that has it. */
export const PLANS = { llama: llama.tokenizer, qwen: qwen2.tokenizer, gpt2: BPE_ALONE } as const satisfies Readonly<
  Record<string, TokenizerPlan>
>;

export type PlanName = keyof typeof PLANS;
