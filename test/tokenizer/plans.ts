import { llama } from '#src/archs/families/llama.js';
import { qwen2 } from '#src/archs/families/qwen2.js';
import { BPE_ALONE, type TokenizerPlan } from '#src/tokenizer/plan.js';

/** By a family that has it. */
export const PLANS = {
  llama: llama.tokenizer,
  qwen: qwen2.tokenizer,
  gpt2: BPE_ALONE,
  bert: { kinds: ['word-piece'] },
  roberta: { kinds: ['bpe'], after: ['token-type-count'] },
  xlmRoberta: { kinds: ['xlm-roberta'] },
  nomic: { kinds: ['xlm-roberta', 'word-piece'] },
  jina: { kinds: ['whitespace', 'bpe', 'word-piece'], after: ['two-token-types'] },
  modernBert: { before: ['bos-eos-sep'], kinds: ['bpe'] },
  euroBert: { before: ['no-bos'], kinds: ['bpe'] },
  t5: { kinds: ['t5'] },
} as const satisfies Readonly<Record<string, TokenizerPlan>>;

export type PlanName = keyof typeof PLANS;
