import type { Architecture, Transform, Value } from '../architecture.js';
import { block, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fourTimes, keyList, math, TEXT_KEYS } from '../text-keys.js';

const NAMES = 'token_embd output output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down';
const EPSILON = 'attention.layer_norm_epsilon:f32=layer_norm_epsilon file_type';

/** The matrices of transformers' `Conv1D` have their inputs first. */
const CONV_1D = Object.fromEntries(
  ['attn_qkv', 'attn_output', 'ffn_up', 'ffn_gate', 'ffn_down'].map((name): [string, Transform[]] => [
    `${name}.weight`,
    [['transpose', 0, 1]],
  ]),
);

export const gpt2 = {
  ...TEXT_MODEL,
  classes: ['GPT2LMHeadModel'],
  gguf: 'gpt2',
  example: 'openai-community/gpt2',
  keys: [
    ...keyList('block_count context_length=n_ctx embedding_length=n_embd'),
    fourTimes('n_embd'),
    ...keyList(`attention.head_count=n_head ${EPSILON}`),
  ],
  tensors: named(`${NAMES} position_embd`, CONV_1D),
  drop: [...TEXT_MODEL.drop, '*.attn.bias', '*.attn.masked_bias'],
} as const satisfies Architecture;

/** GPT-2 with queries, keys and values in tensors of their own. */
export const rugpt3xl = {
  ...TEXT_MODEL,
  classes: ['RuGPT3XLForCausalLM'],
  gguf: 'gpt2',
  example: 'evilfreelancer/ruGPT3XL',
  keys: TEXT_KEYS,
  tensors: [
    ...named(`${NAMES.replace('attn_qkv', '')} position_embd`),
    { all: ['q', 'k', 'v'].map((p) => `{L}.self_attn.${p}_proj.*`), to: 'blk.{b}.attn_qkv.*', via: [['concat', 0]] },
  ],
} as const satisfies Architecture;

const OUTPUT_SCALE: Value = {
  first: [math('mul', { fields: ['mup_output_alpha'] }, { fields: ['mup_width_scale'] }), { fields: ['width_scale'] }],
};

/** GPT-2 with SwiGLU, ALiBi and factors of the maximal update parametrization. */
export const jais = {
  ...TEXT_MODEL,
  classes: ['JAISLMHeadModel'],
  gguf: 'jais',
  example: 'inceptionai/jais-family-590m',
  firstKeys: keyList('attention.max_alibi_bias:f32=@alibi_bias_of_slopes'),
  keys: keyList(
    `block_count context_length=n_positions embedding_length=n_embd feed_forward_length=n_inner
    attention.head_count=n_head ${EPSILON}`,
  ),
  tensors: named(`${NAMES} ffn_gate`, {
    ...CONV_1D,
    token_embd: [['mul', { fields: ['mup_embeddings_scale', 'embeddings_scale'] }]],
    output: [['mul', OUTPUT_SCALE]],
  }),
  ignore: [...TEXT_MODEL.ignore, '*.attn.bias'],
  drop: [...TEXT_MODEL.drop, '*relative_pe.slopes'],
  probes: [{ id: 'alibi_slopes', want: 'values', of: ['transformer.relative_pe.slopes'] }],
} as const satisfies Architecture;

const SEPARATE = NAMES.replace('attn_qkv', 'attn_q attn_k attn_v');

export const jais2 = {
  ...TEXT_MODEL,
  classes: ['Jais2ForCausalLM'],
  gguf: 'jais2',
  example: 'inceptionai/Jais-2-8B-Chat',
  keys: [...TEXT_KEYS, ...keyList('rope.dimension_count=@head_dim')],
  tensors: named(SEPARATE),
} as const satisfies Architecture;

export const starcoder = {
  ...TEXT_MODEL,
  classes: ['GPTBigCodeForCausalLM'],
  gguf: 'starcoder',
  example: 'bigcode/gpt_bigcode-santacoder',
  keys: [
    ...keyList('context_length=n_positions embedding_length=n_embd'),
    fourTimes('n_embd'),
    ...keyList(`block_count attention.head_count=n_head attention.head_count_kv=1 ${EPSILON}`),
  ],
  tensors: named(`${NAMES} position_embd`),
} as const satisfies Architecture;

export const starcoder2 = {
  ...TEXT_MODEL,
  classes: ['Starcoder2ForCausalLM'],
  gguf: 'starcoder2',
  example: 'bigcode/starcoder2-3b',
  keys: TEXT_KEYS,
  tensors: named(`attn_qkv ${SEPARATE}`),
} as const satisfies Architecture;

export const codeshell = {
  ...starcoder,
  classes: ['CodeShellForCausalLM'],
  gguf: 'codeshell',
  example: 'WisdomShell/CodeShell-7B',
  keys: [
    ...starcoder.keys,
    ...keyList('attention.head_count_kv=num_query_groups rope.freq_base:f32=10000'),
    ['{arch}.rope.scaling.type', 'string', { value: 'linear' }],
    ...keyList('rope.scaling.factor:f32=1'),
  ],
} as const satisfies Architecture;

const SIZE: Value = { fields: ['n_embd'], required: true };
const HEAD = math('quotient', SIZE, { fields: ['n_head'], required: true });
/** Two thirds of four times the size, in whole 256s. */
const WIDTH = math('mul', math('quotient', math('add', math('quotient', math('mul', SIZE, 8), 3), 255), 256), 256);

export const refact = {
  ...TEXT_MODEL,
  classes: ['GPTRefactForCausalLM'],
  gguf: 'refact',
  example: 'smallcloudai/Refact-1_6-base',
  keys: [
    ...keyList('context_length=n_positions embedding_length=n_embd'),
    ['{arch}.feed_forward_length', 'u32', WIDTH],
    ...keyList('block_count attention.head_count=n_head attention.head_count_kv=1'),
    ...keyList('attention.layer_norm_rms_epsilon:f32=layer_norm_epsilon file_type'),
  ],
  tensors: [
    ...named('token_embd output output_norm attn_norm attn_output ffn_norm ffn_down'),
    block('attn_q', ['attn.q']),
    block('attn_k', ['attn.kv'], ['slice', 0, 0, HEAD]),
    block('attn_v', ['attn.kv'], ['slice', 0, HEAD]),
    block('ffn_gate', ['mlp.gate_up_proj'], ['slice', 0, 0, WIDTH]),
    block('ffn_up', ['mlp.gate_up_proj'], ['slice', 0, WIDTH]),
  ],
  tokenizer: { kinds: ['bpe'], after: ['refact-infill'] },
} as const satisfies Architecture;
