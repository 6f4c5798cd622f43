import { family } from '../family.js';

const NAMES = 'token_embd output output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down';
const SEPARATE = NAMES.replace('attn_qkv', 'attn_q attn_k attn_v');
/** The matrices of transformers' `Conv1D` have their inputs first. */
const CONV_1D = 'attn_qkv.weight attn_output.weight ffn_up.weight ffn_down.weight: transpose(0, 1)';
export const gpt2 = family`gpt2: GPT2LMHeadModel (openai-community/gpt2)
  keys: block_count = @block_count; context_length[] = n_ctx; embedding_length[] = n_embd
    feed_forward_length = n_embd * 4; attention.head_count[] = n_head
    attention.layer_norm_epsilon = layer_norm_epsilon; general.file_type = @file_type
  tensors: ${NAMES} position_embd; ${CONV_1D}; drop: + *.attn.bias *.attn.masked_bias`;

/** GPT-2 with queries, keys and values in tensors of their own. */
export const rugpt3xl = family`gpt2: RuGPT3XLForCausalLM (evilfreelancer/ruGPT3XL)
  tensors: ${NAMES.replace('attn_qkv', '')} position_embd
    .attn_qkv.* = .self_attn.q_proj.* + .self_attn.k_proj.* + .self_attn.v_proj.*: concat(0)`;

/** GPT-2 with SwiGLU, ALiBi and factors of the maximal update parametrization. */
export const jais = family`jais: JAISLMHeadModel (inceptionai/jais-family-590m)
  firstKeys: attention.max_alibi_bias = @alibi_bias_of_slopes
  keys: block_count = @block_count; context_length[] = n_positions; embedding_length[] = n_embd
    feed_forward_length[] = n_inner; attention.head_count[] = n_head; attention.layer_norm_epsilon = layer_norm_epsilon
    general.file_type = @file_type
  tensors: ${NAMES} ffn_gate; ${CONV_1D}; ffn_gate.weight: transpose(0, 1)
    token_embd: mul((mup_embeddings_scale|embeddings_scale?))
    output: mul(mup_output_alpha? * mup_width_scale? else width_scale?)
  probes: alibi_slopes: values transformer.relative_pe.slopes
  ignore: + *.attn.bias; drop: + *relative_pe.slopes`;

export const jais2 = family`jais2: Jais2ForCausalLM (inceptionai/Jais-2-8B-Chat)
  keys: + rope.dimension_count[] = @head_dim; tensors: ${SEPARATE}`;

export const starcoder = family`starcoder: GPTBigCodeForCausalLM (bigcode/gpt_bigcode-santacoder)
  keys: context_length[] = n_positions; embedding_length[] = n_embd; feed_forward_length = n_embd * 4
    block_count = @block_count; attention.head_count[] = n_head; attention.head_count_kv[] = 1
    attention.layer_norm_epsilon = layer_norm_epsilon; general.file_type = @file_type; tensors: ${NAMES} position_embd`;

export const starcoder2 = family`starcoder2: Starcoder2ForCausalLM (bigcode/starcoder2-3b)
  tensors: attn_qkv ${SEPARATE}`;

export const codeshell = family`codeshell: CodeShellForCausalLM (WisdomShell/CodeShell-7B) like ${starcoder}
  keys: + attention.head_count_kv[] = num_query_groups; rope.freq_base = 10000
    rope.scaling.type = "linear"; rope.scaling.factor = 1`;

const HEAD = '(n_embd // n_head)';
/** Two thirds of four times the size, in whole 256s. */
const WIDTH = '(n_embd * 8 // 3 + 255) // 256 * 256';
export const refact = family`refact: GPTRefactForCausalLM (smallcloudai/Refact-1_6-base)
  keys: context_length[] = n_positions; embedding_length[] = n_embd; feed_forward_length = ${WIDTH}
    block_count = @block_count; attention.head_count[] = n_head; attention.head_count_kv[] = 1
    attention.layer_norm_rms_epsilon = layer_norm_epsilon; general.file_type = @file_type
  tensors: token_embd output output_norm attn_norm attn_output ffn_norm ffn_down; .attn_q.* = .attn.q.*
    .attn_k.* = .attn.kv.*: slice(0, 0, ${HEAD}); .attn_v.* = .attn.kv.*: slice(0, ${HEAD})
    .ffn_gate.* = .mlp.gate_up_proj.*: slice(0, 0, ${WIDTH}); .ffn_up.* = .mlp.gate_up_proj.*: slice(0, ${WIDTH})
  tokenizer: bpe, after refact-infill`;
