import { arctic } from '#src/archs/families/arctic.js';
import { deepseek2 } from '#src/archs/families/deepseek.js';
import { internlm2 } from '#src/archs/families/internlm.js';
import { jamba } from '#src/archs/families/jamba.js';
import { llama } from '#src/archs/families/llama.js';
import { mamba, mamba2 } from '#src/archs/families/mamba.js';
import { phi3 } from '#src/archs/families/phi.js';
import { plamo2, plamo3 } from '#src/archs/families/plamo.js';
import { qwen } from '#src/archs/families/qwen.js';
import { qwen2 } from '#src/archs/families/qwen2.js';
import { rwkv6 } from '#src/archs/families/rwkv.js';
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
  rwkv: rwkv6.tokenizer,
  plamo2: plamo2.tokenizer,
  plamo3: plamo3.tokenizer,
  mamba: mamba.tokenizer,
  mamba2: mamba2.tokenizer,
  jamba: jamba.tokenizer,
  qwen1: qwen.tokenizer,
  deepseek2: deepseek2.tokenizer,
  internlm2: internlm2.tokenizer,
  phi3: phi3.tokenizer,
  arctic: arctic.tokenizer,
} as const satisfies Readonly<Record<string, TokenizerPlan>>;

export type PlanName = keyof typeof PLANS;
