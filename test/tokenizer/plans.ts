import type { Architecture } from '#src/archs/architecture.js';
import { deepseek2 } from '#src/archs/families/deepseek.js';
import { internlm2 } from '#src/archs/families/dense.js';
import { arctic, llama } from '#src/archs/families/llama.js';
import { jamba, mamba, mamba2 } from '#src/archs/families/mamba.js';
import { phi3 } from '#src/archs/families/phi.js';
import { plamo2, plamo3 } from '#src/archs/families/plamo.js';
import { qwen, qwen2 } from '#src/archs/families/qwen.js';
import { rwkv6 } from '#src/archs/families/rwkv.js';
import { BPE_ALONE, type TokenizerPlan } from '#src/tokenizer/plan.js';

const planOf = ({ tokenizer = BPE_ALONE }: Architecture): TokenizerPlan => tokenizer;

/** By a family that has it. */
export const PLANS = {
  llama: planOf(llama),
  qwen: planOf(qwen2),
  gpt2: BPE_ALONE,
  bert: { kinds: ['word-piece'] },
  roberta: { kinds: ['bpe'], after: ['token-type-count'] },
  xlmRoberta: { kinds: ['xlm-roberta'] },
  nomic: { kinds: ['xlm-roberta', 'word-piece'] },
  jina: { kinds: ['whitespace', 'bpe', 'word-piece'], after: ['two-token-types'] },
  modernBert: { before: ['bos-eos-sep'], kinds: ['bpe'] },
  euroBert: { before: ['no-bos'], kinds: ['bpe'] },
  t5: { kinds: ['t5'] },
  rwkv: planOf(rwkv6),
  plamo2: planOf(plamo2),
  plamo3: planOf(plamo3),
  mamba: planOf(mamba),
  mamba2: planOf(mamba2),
  jamba: planOf(jamba),
  qwen1: planOf(qwen),
  deepseek2: planOf(deepseek2),
  internlm2: planOf(internlm2),
  phi3: planOf(phi3),
  arctic: planOf(arctic),
} as const satisfies Readonly<Record<string, TokenizerPlan>>;

export type PlanName = keyof typeof PLANS;
