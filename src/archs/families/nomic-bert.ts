import type { Architecture, KeyRow, Transform } from '../architecture.js';
import { block } from '../rules.js';
import { named } from '../tensor-names.js';
import { BERT_KEYS, BERT_MODEL, BERT_TENSORS } from './bert.js';
import { OFFSET_KEYS } from './roberta.js';

/**
 * Positions that the model was trained for, of those that it counts. ref-quirk: `NomicBertModel` in conversion/bert.py.
 */
const trained = (positions: number, context: number): KeyRow => [
  '{arch}.context_length',
  'u32',
  { value: context },
  {
    all: [
      { field: 'max_position_embeddings', exists: false },
      { field: 'n_positions', is: positions },
    ],
  },
];
const TRAINED = [trained(8192, 2048), trained(2048, 512)];

export const nomicBert = {
  ...BERT_MODEL,
  classes: ['NomicBertModel'],
  when: { not: { set: { fields: ['moe_every_n_layers'] } } },
  gguf: 'nomic-bert',
  example: 'nomic-ai/nomic-embed-text-v1.5',
  keys: [...BERT_KEYS, ...TRAINED],
  tensors: named(`${BERT_TENSORS} ffn_gate`),
  tokenizer: { kinds: ['xlm-roberta', 'word-piece'] },
} as const satisfies Architecture;

/** The experts of a block stand in one matrix. */
const STACKED: Transform = ['reshape', 'expert_count', 'n_inner', 'n_embd'];

export const nomicBertMoe = {
  ...nomicBert,
  when: { set: { fields: ['moe_every_n_layers'] } },
  gguf: 'nomic-bert-moe',
  example: 'nomic-ai/nomic-embed-text-v2-moe',
  keys: [
    ...OFFSET_KEYS,
    ...TRAINED,
    ['{arch}.moe_every_n_layers', 'u32', { fields: ['moe_every_n_layers'] }],
    ['{arch}.expert_used_count', 'u32', { fields: ['moe_top_k'], required: true }],
  ],
  ignore: [...BERT_MODEL.ignore, '*mlp.experts.bias*'],
  tensors: [
    ...named(BERT_TENSORS),
    block('ffn_gate_inp', ['mlp.router.layer']),
    { from: ['{L}.mlp.experts.mlp.w1'], to: 'blk.{b}.ffn_up_exps.weight', via: [STACKED] },
    { from: ['{L}.mlp.experts.mlp.w2'], to: 'blk.{b}.ffn_down_exps.weight', via: [STACKED, ['transpose', 1, 2]] },
  ],
  tokenizer: { kinds: ['xlm-roberta-mask', 'word-piece'] },
} as const satisfies Architecture;
