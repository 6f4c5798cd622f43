import type { Architecture, Condition, KeyRow, TensorRule, Transform } from '../architecture.js';
import { DENSE, rename, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields } from '../text-keys.js';
import { QWEN2_KEYS, qwen2 } from './qwen2.js';

const RERANKER: Condition = { derive: 'is_reranker', is: true };
const TIED: Condition = { set: fields('tie_word_embeddings') };
const UNTIED_RERANKER: Condition = { all: [RERANKER, { not: TIED }] };

/** What Qwen's model card asks a reranker with. */
const RERANK_TEMPLATE =
  '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. ' +
  'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a web search query, ' +
  'retrieve relevant passages that answer the query\n<Query>: {query}\n<Document>: {document}<|im_end|>\n' +
  '<|im_start|>assistant\n<think>\n\n</think>\n\n';

/** Rerankers are Qwen3 models under the same class, or Qwen3-VL models. */
export const QWEN3_KEYS: readonly KeyRow[] = [
  ...QWEN2_KEYS,
  ['{arch}.pooling_type', 'u32', { value: 4 }, RERANKER],
  ['{arch}.classifier.output_labels', 'string[]', { value: ['yes', 'no'] }, RERANKER],
  ['tokenizer.chat_template.rerank', 'string', { value: RERANK_TEMPLATE }, RERANKER],
  ['tokenizer.chat_templates', 'string[]', { value: ['rerank'] }, RERANKER],
];

/** The head of a reranker has the two rows of the output that score its answers. */
const ANSWERS: readonly Transform[] = [['pick', { derive: 'yes_token' }, { derive: 'no_token' }]];
const EMBEDDING = ['model.embed_tokens.weight', 'embed_tokens.weight'];

export const QWEN3_TENSORS: readonly TensorRule[] = [
  { from: EMBEDDING, to: 'cls.output.weight', via: ANSWERS, when: { all: [RERANKER, TIED] } },
  { from: ['lm_head.weight'], to: 'cls.output.weight', via: ANSWERS, when: UNTIED_RERANKER },
  { ...rename('output', 'lm_head'), when: { not: UNTIED_RERANKER } },
  ...named(`${DENSE.replace(' output ', ' ')} attn_q_norm attn_k_norm`),
];

/** Intern-S1: a Qwen3 with a tokenizer of its own, which has an id for the beginning of texts where no file says one. */
export const INTERN_S1: Condition = { derive: 'origin', is: 'InternS1ForConditionalGeneration' };
export const INTERN_S1_TOKENIZER = { kinds: ['bpe'], roles: { bos: 151643 } } as const;

export const qwen3 = {
  ...TEXT_MODEL,
  classes: ['Qwen3ForCausalLM', 'Qwen3Model'],
  when: { not: INTERN_S1 },
  gguf: 'qwen3',
  example: 'Qwen/Qwen3-8B',
  keys: QWEN3_KEYS,
  tensors: QWEN3_TENSORS,
  tokenizer: qwen2.tokenizer,
} as const satisfies Architecture;

export const qwen3InternS1 = {
  ...qwen3,
  when: INTERN_S1,
  example: 'internlm/Intern-S1-mini',
  tokenizer: INTERN_S1_TOKENIZER,
} as const satisfies Architecture;
