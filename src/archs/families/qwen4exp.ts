import type { Architecture, Condition, KeyRow, TensorRule, Transform, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, required } from '../text-keys.js';
import { QWEN_EXPERTS } from './qwen-moe.js';
import { LINEAR, plusOne, QWEN35_KEYS, SHARED_EXPERT } from './qwen-next.js';

const HAS_PLE: Condition = { set: fields('ple_layer_ids') };
const ple = (key: string, from: Value): KeyRow => [`{arch}.ple.${key}`, 'u32', from, HAS_PLE];

/** The numbers that n-grams are hashed with, of 64 bits: tensors of the checkpoint that become keys. */
const HASH = {
  layer_multipliers: '*ple_embedding.layer_multipliers',
  head_offsets: '*ple_embedding.ngram_heads_offsets',
  head_vocab_sizes: '*ple_embedding.ngram_heads_vocab_sizes',
} as const;
const HASH_KEYS = ['layer_multipliers', 'head_offsets', 'head_vocab_sizes'] as const;

/** Dimensions of an n-gram's embedding. */
const WIDTH: Value = { element: 1, of: { probe: 'ple_shape' } };

const QUERIES: Value = { math: 'mul', of: [required('indexer_n_heads'), required('indexer_head_dim')] };
const part = (name: string, cut: Transform): TensorRule => ({
  from: ['{L}.self_attn.indexer.index_qk_proj.weight'],
  to: `blk.{b}.indexer.${name}.weight`,
  via: [cut],
});

/** Qwen 3.8: Qwen 3.5 with hyper-connections for norms, sparse attention, and embeddings of n-grams (PLE). */
export const qwen4exp = {
  ...TEXT_MODEL,
  classes: ['Qwen4ExpForConditionalGeneration', 'Qwen4ExpForCausalLM'],
  gguf: 'qwen4exp',
  example: 'Qwen/Qwen3.8-Flash-Next',
  keys: [
    ...QWEN35_KEYS,
    needed('hyper_connection.count', 'u32', 'hc_count'),
    needed('hyper_connection.low_rank', 'u32', 'hc_lowrank'),
    needed('attention.indexer.head_count', 'u32', 'indexer_n_heads'),
    needed('attention.indexer.key_length', 'u32', 'indexer_head_dim'),
    needed('attention.indexer.top_k', 'u32', 'indexer_budget'),
    [
      '{arch}.attention.compress_ratios',
      'i32[]',
      {
        layers: { list: required('layer_types'), is: 'full_attention' },
        yes: required('indexer_compress_ratio'),
        no: { value: 0 },
      },
    ],
    ['{arch}.ple.layers', 'i32[]', { derive: 'ple_layers' }, HAS_PLE],
    ple('ngram_size', required('ngram_size')),
    ple('heads_per_ngram', required('heads_per_ngram')),
    ple('conv_kernel', required('ple_conv_kernel_size')),
    ple('eos_token_id', { derive: 'ple_eos' }),
    ple('image_token_id', fields('image_token_id')),
    ['{arch}.embedding_length_per_layer_input', 'u32', WIDTH, HAS_PLE],
    ...HASH_KEYS.map((id): KeyRow => [`{arch}.ple.${id}`, 'u64[]', { probe: id, required: true }, HAS_PLE]),
  ],
  rename: [...TEXT_MODEL.rename, ['.dt_bias', '.dt_proj.bias'], ['.shard_', '.shard.']],
  ignore: [...TEXT_MODEL.ignore, 'mtp.*', 'model.mtp.*'],
  drop: [...TEXT_MODEL.drop, ...HASH_KEYS.map((id) => HASH[id])],
  tensors: [
    ...named(
      'token_embd output output_hc_norm output_hc_down output_hc_up attn_qkv attn_q attn_k attn_v attn_gate ' +
        `${SHARED_EXPERT} attn_q_norm attn_k_norm ssm_conv1d ssm_dt ssm_a ssm_norm ssm_out ssm_alpha ssm_beta ` +
        'indexer.k_norm indexer.q_norm hc_attn_norm hc_attn_down hc_attn_up hc_attn_inject hc_ffn_norm hc_ffn_down ' +
        'hc_ffn_up hc_ffn_inject ple_key ple_value ple_norm_key ple_norm_query ple_norm_conv ple_conv1d attn_output',
      {
        ...LINEAR,
        ...plusOne('attn_q_norm attn_k_norm indexer.k_norm indexer.q_norm output_hc_norm hc_attn_norm hc_ffn_norm'),
        ...plusOne('ple_norm_key ple_norm_query ple_norm_conv'),
        'ple_conv1d.weight': [['squeeze', 1]],
      },
    ),
    part('q_proj', ['slice', 0, 0, QUERIES]),
    part('k_proj', ['slice', 0, QUERIES]),
    {
      from: ['{L}.ple.ple_embedding.ngram_embedding.shard.{x}.weight'],
      each: 'ple_parts',
      to: 'per_layer_token_embd.weight',
      via: [['reshape', -1, WIDTH]],
    },
    ...QWEN_EXPERTS,
  ],
  probes: [
    ...HASH_KEYS.map((id) => ({ id, want: 'integers', of: [HASH[id]], when: HAS_PLE }) as const),
    { id: 'ple_shape', want: 'shape', of: ['*.ngram_embedding.shard_0.weight'] },
  ],
} as const satisfies Architecture;
