import type { Architecture, Condition, KeyRow, TensorRule, Transform, Value } from '../architecture.js';
import { block, given, MTP_BLOCKS, NEXTN, NEXTN_TENSORS } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, required } from '../text-keys.js';
import { DEEPSEEK2, DEEPSEEK2_KEYS, deepseek2Tensors, INDEXER, INDEXER_KEYS } from './deepseek.js';

/** A value for each block: those with a sliding window have attention of their own sizes, as has the block of MTP. */
const windowed = (yes: Value, no: Value): Value => ({
  layers: { from: { derive: 'main_block_count' } },
  yes,
  no: { layers: { list: required('layer_types'), is: 'sliding_attention' }, yes, no },
});
const sum = (...of: Value[]): Value => ({ math: 'add', of });
const own = (name: string): Value => windowed(required(`swa_${name}`), required(name));
const [NOPE, V] = [own('qk_nope_head_dim'), own('v_head_dim')];
const NOPE_AND_V = windowed(
  sum(required('swa_qk_nope_head_dim'), required('swa_v_head_dim')),
  sum(required('qk_nope_head_dim'), required('v_head_dim')),
);
const latent = (i: number, ...then: Transform[]): readonly Transform[] => [
  ['reshape', own('num_attention_heads'), NOPE_AND_V, -1],
  ['split', 1, NOPE, V],
  ['take', i],
  ...then,
];

/** Attention multiplies what comes from a latent with the root of how much narrower than the model it is. */
const RESCALED: Condition = { set: fields('apply_mla_qkv_lora_rescale') };
const root = (rank: Value): Value => ({
  math: 'pow',
  of: [{ math: 'div', of: [required('hidden_size'), rank] }, { value: 0.5 }],
});
const SCALES = {
  'attn_q_a_norm.weight': [['mul', root(required('q_lora_rank'))]],
  'attn_kv_a_norm.weight': [['mul', windowed(root(required('swa_kv_lora_rank')), root(required('kv_lora_rank')))]],
} as const satisfies Readonly<Record<string, readonly Transform[]>>;
const NORMS = 'attn_q_a_norm attn_kv_a_norm';
const LATENT: readonly TensorRule[] = [
  ...given(RESCALED, named(NORMS, SCALES)),
  ...given({ not: RESCALED }, named(NORMS)),
  block('attn_k_b', ['self_attn.kv_b_proj'], ...latent(0, ['transpose', 1, 2])),
  block('attn_v_b', ['self_attn.kv_b_proj'], ...latent(1)),
];

const swa = (key: string, ...of: string[]): KeyRow => [
  `{arch}.attention.${key}`,
  'u32',
  sum({ value: 0 }, ...of.map(required)),
];
const isSliding = (yes: boolean, key: string): KeyRow => [
  `{arch}.attention.${key}`,
  'bool[]',
  {
    layers: { list: required('layer_types'), is: 'sliding_attention' },
    yes: { value: Number(yes) },
    no: { value: Number(!yes) },
  },
];
/** `head_dim` of config.json is of no use: the heads of a latent have sizes of their own. */
const isUnused = ([, , from]: KeyRow) => 'fields' in from && from.fields[0] === 'head_dim';

export const dots3note = {
  ...DEEPSEEK2,
  classes: ['Dots3NoteForCausalLM', 'Dots3NoteForConditionalGeneration', 'Dots3NoteTextForCausalLM'],
  gguf: 'dots3note',
  example: 'rednote-hilab/dots3-note',
  keys: [
    ...DEEPSEEK2_KEYS.filter((row) => !isUnused(row)).map(
      (row): KeyRow => (row[0] === '{arch}.attention.head_count' ? [row[0], 'i32[]', own('num_attention_heads')] : row),
    ),
    swa('sliding_window', 'sliding_window_size'),
    isSliding(true, 'sliding_window_pattern'),
    swa('kv_lora_rank_swa', 'swa_kv_lora_rank'),
    swa('key_length_swa', 'swa_kv_lora_rank', 'swa_qk_rope_head_dim'),
    swa('value_length_swa', 'swa_kv_lora_rank'),
    swa('key_length_mla_swa', 'swa_qk_nope_head_dim', 'swa_qk_rope_head_dim'),
    swa('value_length_mla_swa', 'swa_v_head_dim'),
    ['{arch}.nextn_predict_layers', 'u32', MTP_BLOCKS, { value: MTP_BLOCKS, above: 0 }],
    ...INDEXER_KEYS,
    isSliding(false, 'indexer.types'),
  ],
  blocks: [...DEEPSEEK2.blocks, { begin: 'mtp.{b}', after: 'main_block_count' }],
  rename: [...DEEPSEEK2.rename, ['model.mtp.embed_tokens.', 'mtp.0.embed_tokens.']],
  tensors: [
    ...deepseek2Tensors(
      `attn_gate attn_k_norm attn_q_a attn_q_b attn_kv_a_mqa attn_output ${INDEXER} ${NEXTN_TENSORS}`,
    ),
    ...LATENT,
  ],
  mtp: { ...NEXTN, blocks: { value: 0 }, counted: 'mtp.{b}', names: ['mtp.*', 'model.mtp.*'] },
  tokenizer: { kinds: ['bpe'], roles: { eot: '<|endofassistant|>' } },
  unproven: true,
} as const satisfies Architecture;
