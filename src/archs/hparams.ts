import type { Config } from '../config/config.js';
import { BLOCKS, blockCount } from '../config/derive.js';
import { ConfigFieldError, optionalInteger, optionalNumber, optionalString, show } from '../config/fields.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { HparamsContext } from './architecture.js';
import { writeRope } from './rope.js';

/**
 * The keys that all text models share, in the order of `TextModel.set_gguf_parameters` in conversion/base.py. A field
 * that config.json doesn't have writes no key.
 */
export function sharedHparams({ arch, config, kv, fileType }: HparamsContext): void {
  kv.u32(`${arch}.block_count`, blockCount(config));
  for (const [key, names] of SIZES) {
    writeCount(config, kv, `${arch}.${key}`, names);
  }
  if (config.hparams.is_causal === false) {
    kv.bool(`${arch}.attention.causal`, false);
  }
  writeRope(arch, config, kv);
  for (const [key, names] of EPSILONS) {
    const epsilon = optionalNumber(config, ...names);
    if (epsilon !== undefined) {
      kv.f32(`${arch}.${key}`, epsilon);
    }
  }
  for (const [key, names] of EXPERTS) {
    writeCount(config, kv, `${arch}.${key}`, names);
  }
  writeGating(arch, config, kv);
  const headDim = optionalInteger(config, 'head_dim');
  if (headDim !== undefined) {
    kv.u32(`${arch}.attention.key_length`, headDim);
    kv.u32(`${arch}.attention.value_length`, headDim);
  }
  kv.u32('general.file_type', fileType);
}

type KeyRow = readonly [key: string, names: readonly string[]];

const SIZES: readonly KeyRow[] = [
  [
    'context_length',
    ['max_position_embeddings', 'n_ctx', 'n_positions', 'max_length', 'max_sequence_length', 'model_max_length'],
  ],
  ['embedding_length', ['hidden_size', 'n_embd', 'dim']],
  [
    'feed_forward_length',
    ['prefix_dense_intermediate_size', 'dense_intermediate_size', 'intermediate_size', 'n_inner', 'hidden_dim'],
  ],
  ['attention.head_count', ['num_attention_heads', 'n_head', 'n_heads']],
  ['attention.head_count_kv', ['num_key_value_heads', 'n_kv_heads']],
];

const EPSILONS: readonly KeyRow[] = [
  ['attention.layer_norm_rms_epsilon', ['rms_norm_eps', 'norm_eps']],
  ['attention.layer_norm_epsilon', ['layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon']],
];

const EXPERTS: readonly KeyRow[] = [
  ['expert_count', ['num_local_experts', 'num_experts', 'n_routed_experts']],
  ['expert_used_count', ['num_experts_per_tok', 'num_experts_per_token', 'top_k_experts']],
  ['expert_group_count', ['n_group']],
  ['expert_group_used_count', ['topk_group']],
];

/** `llama_expert_gating_func_type`. */
const GATING_FUNCTIONS: ReadonlyMap<string, number> = new Map([
  ['softmax', 1],
  ['sigmoid', 2],
  ['sqrtsoftplus', 4],
]);

const HEAD_DIM = ['head_dim'];

const ROWS: readonly KeyRow[] = [
  ...[...SIZES, ...EPSILONS, ...EXPERTS],
  ['block_count', BLOCKS.slice(1)],
  ...['attention.key_length', 'attention.value_length', 'rope.dimension_count'].map((key) => [key, HEAD_DIM] as const),
];

/** The fields of config.json that a key, without its architecture, comes from; the usual name first. */
export function configFields(key: string): readonly string[] {
  return ROWS.find(([of]) => of === key)?.[1] ?? [];
}

function writeCount(config: Config, kv: KeyValues, key: string, names: readonly string[]): void {
  const count = optionalInteger(config, ...names);
  if (count !== undefined) {
    kv.u32(key, count);
  }
}

function writeGating(arch: string, config: Config, kv: KeyValues): void {
  const name = optionalString(
    config,
    'score_function',
    'scoring_func',
    'score_func',
    'moe_router_activation',
    'moe_router_activation_func',
    'expert_selection_fn',
  );
  if (name === undefined) {
    return;
  }
  const number = GATING_FUNCTIONS.get(name);
  if (number === undefined) {
    throw new ConfigFieldError(`config.json weighs experts by ${show(name)}, which GGUF has no number for.`);
  }
  kv.u32(`${arch}.expert_gating_func`, number);
}
