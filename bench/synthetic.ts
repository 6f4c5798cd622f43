import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Models made up for benchmarks: 2048 wide, tied embeddings, normal bfloat16 weights, a byte-level BPE of 128k tokens.
 */

const WIDTH = 2048;
const FFN = 5632;
const KV_WIDTH = 512;
const HEAD = 64;
const VOCAB = 128_256;
const SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** 5 layers make 0.49 billion parameters, 11 make 0.76. */
export function syntheticLlama(folder: string, layers: number): string {
  return model(folder, `Synthetic-Llama-${layers}L`, { layers }, plain([...EMBEDDING, ...denseLayers(layers)]));
}

/** 0.52 billion parameters, of which the embedding has an eighth, so that files of one size share them evenly. */
export function syntheticEven(folder: string): string {
  const [layers, vocabulary] = [10, 32_000];
  const list: Tensors = [
    ['model.embed_tokens.weight', [vocabulary, WIDTH]],
    ['model.norm.weight', [WIDTH]],
    ...denseLayers(layers),
  ];
  return model(folder, 'Synthetic-Even', { layers, vocabulary }, plain(list));
}

interface Kind {
  readonly layers: number;
  /** What stands in config.json besides the fields of all, or in their place. */
  readonly fields?: object;
  /** How many tokens the tokenizer has. */
  readonly vocabulary?: number;
}

/** A folder with a model. Written once per folder. */
export function model(folder: string, name: string, kind: Kind, list: readonly Filled[]): string {
  const { layers, fields, vocabulary = VOCAB } = kind;
  const path = join(folder, name);
  if (existsSync(join(path, 'tokenizer.json'))) {
    return path;
  }
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config(layers, vocabulary), ...fields }, null, 2));
  writeWeights(join(path, 'model.safetensors'), list);
  writeFileSync(
    join(path, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<|begin|>', eos_token: '<|end|>' }),
  );
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(tokenizer(vocabulary)));
  return path;
}

function config(layers: number, vocabulary: number) {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: WIDTH,
    intermediate_size: FFN,
    num_hidden_layers: layers,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: HEAD,
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    tie_word_embeddings: true,
    vocab_size: vocabulary,
    bos_token_id: vocabulary - 2,
    eos_token_id: vocabulary - 1,
    torch_dtype: 'bfloat16',
  };
}

export type Tensors = [name: string, shape: number[]][];

/** A tensor and what fills it, again and again: normal numbers where nothing is said. */
export interface Filled {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes of an element. */
  readonly bytes: number;
  readonly content?: Buffer;
}

const plain = (list: Tensors): Filled[] => list.map(([name, shape]) => ({ name, shape, dtype: 'BF16', bytes: 2 }));

export const EMBEDDING: Tensors = [
  ['model.embed_tokens.weight', [VOCAB, WIDTH]],
  ['model.norm.weight', [WIDTH]],
];

/** Norms and attention of a layer. */
function attention(layer: number): Tensors {
  const p = `model.layers.${layer}.`;
  return [
    [`${p}input_layernorm.weight`, [WIDTH]],
    [`${p}post_attention_layernorm.weight`, [WIDTH]],
    [`${p}self_attn.q_proj.weight`, [WIDTH, WIDTH]],
    [`${p}self_attn.k_proj.weight`, [KV_WIDTH, WIDTH]],
    [`${p}self_attn.v_proj.weight`, [KV_WIDTH, WIDTH]],
    [`${p}self_attn.o_proj.weight`, [WIDTH, WIDTH]],
  ];
}

function layersOf(count: number, layer: (number: number) => Tensors): Tensors {
  return Array.from({ length: count }, (_, number) => layer(number)).flat();
}

export function denseLayers(count: number): Tensors {
  return layersOf(count, denseLayer);
}

function denseLayer(number: number): Tensors {
  const p = `model.layers.${number}.mlp.`;
  return [
    ...attention(number),
    [`${p}gate_proj.weight`, [FFN, WIDTH]],
    [`${p}up_proj.weight`, [FFN, WIDTH]],
    [`${p}down_proj.weight`, [WIDTH, FFN]],
  ];
}

const EXPERTS = 64;
const EXPERT_FFN = 768;

function mixtureLayer(number: number): Tensors {
  const p = `model.layers.${number}.`;
  const experts = Array.from({ length: EXPERTS }, (_, expert): Tensors => {
    const own = `${p}mlp.experts.${expert}.`;
    return [
      [`${own}gate_proj.weight`, [EXPERT_FFN, WIDTH]],
      [`${own}up_proj.weight`, [EXPERT_FFN, WIDTH]],
      [`${own}down_proj.weight`, [WIDTH, EXPERT_FFN]],
    ];
  });
  const norms: Tensors = ['q_norm', 'k_norm'].map((name) => [`${p}self_attn.${name}.weight`, [HEAD]]);
  return [...attention(number), ...norms, [`${p}mlp.gate.weight`, [EXPERTS, WIDTH]], ...experts.flat()];
}

function transposedLayer(number: number): Tensors {
  const p = `h.${number}.`;
  return [
    [`${p}attn.c_attn.weight`, [WIDTH, 3 * WIDTH]],
    [`${p}attn.c_proj.weight`, [WIDTH, WIDTH]],
    [`${p}mlp.c_fc.weight`, [WIDTH, 4 * WIDTH]],
    [`${p}mlp.c_proj.weight`, [4 * WIDTH, WIDTH]],
  ];
}

const mixture = (experts: number, size: number) => ({
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  num_experts: experts,
  num_experts_per_tok: 8,
  moe_intermediate_size: size,
  norm_topk_prob: true,
});

/** A Qwen3-MoE with 64 small experts: a layer makes 313 million parameters, the embedding 263 million. */
export function syntheticMixture(folder: string, layers: number): string {
  const list = [...EMBEDDING, ...layersOf(layers, mixtureLayer)];
  return model(folder, `Synthetic-Mixture-${layers}L`, { layers, fields: mixture(EXPERTS, EXPERT_FFN) }, plain(list));
}

/** A GPT-2, whose matrices are to be transposed: a layer makes 50 million parameters, the embedding 263 million. */
export function syntheticTransposed(folder: string, layers: number): string {
  const list: Tensors = [
    ['wte.weight', [VOCAB, WIDTH]],
    ['wpe.weight', [1024, WIDTH]],
    ...layersOf(layers, transposedLayer),
  ];
  const fields = {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    n_ctx: 1024,
    n_embd: WIDTH,
    n_head: 32,
    n_layer: layers,
    layer_norm_epsilon: 1e-5,
  };
  return model(folder, `Synthetic-GPT2-${layers}L`, { layers, fields }, plain(list));
}

const LARGE = { layers: 61, dense: 3, experts: 345, width: 7168, ffn: 2048, shards: 163 };

/**
 * A mixture of experts of 900 billion parameters: 163 shards with 60,000 tensors, whose bytes are holes of their files
 * and take no disk. Written once per folder.
 */
export function syntheticLarge(folder: string): string {
  const { layers, dense, experts: count, width, ffn, shards } = LARGE;
  const list = layersOf(layers, (number): Tensors => {
    const p = `model.layers.${number}.`;
    const projections = (name: string, inner: number): Tensors => [
      [`${p}mlp.${name}gate_proj.weight`, [inner, width]],
      [`${p}mlp.${name}up_proj.weight`, [inner, width]],
      [`${p}mlp.${name}down_proj.weight`, [width, inner]],
    ];
    const mlp =
      number < dense
        ? projections('', 9 * ffn)
        : Array.from({ length: count }, (_, expert) => projections(`experts.${expert}.`, ffn)).flat();
    return [[`${p}input_layernorm.weight`, [width]], [`${p}self_attn.o_proj.weight`, [width, 16_384]], ...mlp];
  });
  const fields = { ...mixture(count, ffn), hidden_size: width, tie_word_embeddings: true };
  const path = model(folder, 'Synthetic-Large', { layers, fields }, []);
  rmSync(join(path, 'model.safetensors'), { force: true });
  const all: Tensors = [['model.embed_tokens.weight', [VOCAB, width]], ...list, ['model.norm.weight', [width]]];
  for (let shard = 0; shard < shards; shard++) {
    const own = all.slice((shard * all.length) / shards, ((shard + 1) * all.length) / shards);
    const [number, of] = [shard + 1, shards].map((value) => String(value).padStart(5, '0'));
    writeHoles(join(path, `model-${number}-of-${of}.safetensors`), own);
  }
  return path;
}

/** A Llama of one layer, whose weights are a hole, with a tokenizer of as many tokens as there are. */
export function syntheticVocabulary(folder: string, vocabulary: number): string {
  const path = model(folder, `Synthetic-${vocabulary}-Tokens`, { layers: 1, vocabulary }, []);
  const own: Tensors = [
    ['model.embed_tokens.weight', [vocabulary, WIDTH]],
    ['model.norm.weight', [WIDTH]],
  ];
  writeHoles(join(path, 'model.safetensors'), [...own, ...denseLayers(1)]);
  return path;
}

/** A file of weights whose bytes take no disk. */
function writeHoles(path: string, list: Tensors): void {
  const { header, size } = headerOf(plain(list));
  const fd = openSync(path, 'w');
  writeSync(fd, header);
  ftruncateSync(fd, header.length + size);
  closeSync(fd);
}

/** A safetensors header, and the bytes of all tensors. */
function headerOf(list: readonly Filled[]): { header: Buffer; size: number } {
  const entries: Record<string, unknown> = {};
  let size = 0;
  for (const { name, dtype, shape, bytes } of list) {
    const end = size + shape.reduce((a, b) => a * b, bytes);
    entries[name] = { dtype, shape, data_offsets: [size, end] };
    size = end;
  }
  const text = JSON.stringify(entries);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return { header: Buffer.concat([length, json]), size };
}

/** Weights repeat every 8 million, at a length that is no multiple of a row. */
function writeWeights(path: string, list: readonly Filled[]): void {
  const { header } = headerOf(list);
  const fd = openSync(path, 'w');
  writeSync(fd, header);
  const normal = Buffer.from(normalBf16(8_000_009).buffer);
  for (const { shape, bytes, content = normal } of list) {
    const size = shape.reduce((a, b) => a * b, bytes);
    const block = repeated(content, Math.min(size, normal.length));
    for (let done = 0; done < size; done += block.length) {
      writeSync(fd, block, 0, Math.min(block.length, size - done));
    }
  }
  closeSync(fd);
}

/** Whole copies of some bytes, of at least a length. */
function repeated(content: Buffer, length: number): Buffer {
  const copies = Math.ceil(length / content.length);
  return copies <= 1 ? content : Buffer.alloc(copies * content.length, content);
}

/** Normal numbers with a deviation of 0.02 as bfloat16, by Box and Muller from a 32-bit generator. */
function normalBf16(count: number): Uint16Array {
  let state = 0x2545f491;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  const out = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    float[0] = 0.02 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    out[i] = (bits[0] as number) >>> 16;
  }
  return out;
}

/** 256 bytes, then each token the join of two earlier ones, as training would leave it. */
function tokenizer(vocabulary: number) {
  const bytes = byteCharacters();
  const tokens = [...bytes];
  const known = new Set(tokens);
  const merges: [string, string][] = [];
  let state = 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    // The low bits of such a generator repeat soon.
    return (state >>> 8) % below;
  };
  while (tokens.length < vocabulary - 2) {
    const left = tokens[next(Math.min(tokens.length, 4000))] as string;
    const right = tokens[next(Math.min(tokens.length, 400))] as string;
    if (!known.has(left + right)) {
      known.add(left + right);
      tokens.push(left + right);
      merges.push([left, right]);
    }
  }
  const added = ['<|begin|>', '<|end|>'].map((content, i) => ({
    id: vocabulary - 2 + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** GPT-2's printable stand-ins for bytes, in the order of its vocabulary. */
function byteCharacters(): string[] {
  const printable = [...Array(256).keys()].filter((b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174);
  const rest = [...Array(256).keys()].filter((b) => !printable.includes(b));
  return [...printable.map((b) => String.fromCharCode(b)), ...rest.map((_, i) => String.fromCharCode(256 + i))];
}
