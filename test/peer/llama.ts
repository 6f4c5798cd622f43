/**
 * llama.cpp v0.5.0 as a library: loads a GGUF file, continues tokens greedily, quantizes files.
 * Structs are those of its include/llama.h, in its order; values that are not set here are its defaults.
 */
import { join } from 'node:path';
import { type Koffi, LIBRARIES, loadKoffi } from './ggml.js';

export interface LlamaModel {
  readonly vocabularySize: number;
  /** The logits after each of `tokens`, which begin a new text: tokens.length times vocabularySize. */
  logits(tokens: readonly number[]): Float32Array[];
  /** The `count` likeliest next tokens, one after the other. */
  continue(tokens: readonly number[], count: number): number[];
  /** To run whole batches of up to `length` tokens, on `threads` threads. @default exact */
  openBatches(length: number, threads: number, options?: { readonly exact: boolean }): LlamaBatches;
  free(): void;
}

export interface LlamaBatches {
  /** Runs a new text in one batch; the last token's logits, and those from `logitsFrom` on, are computed. */
  run(tokens: Int32Array, logitsFrom: number): void;
  free(): void;
}

/** Its vocabulary alone, as llama.h names what it tells. */
export interface LlamaVocabulary {
  readonly bos: number;
  readonly eos: number;
  readonly addBos: boolean;
  readonly addEos: boolean;
  /** llama_vocab_is_eog. */
  readonly ends: number[];
  tokenize(text: string, special: boolean, edges: boolean): number[];
  piece(token: number, special: boolean): Buffer;
}

export interface Llama {
  loadModel(path: string): LlamaModel;
  loadVocabulary(path: string): LlamaVocabulary;
  /** llama_model_quantize with default options. `ftype` is a number of enum llama_ftype (general.file_type). */
  quantize(input: string, output: string, ftype: number, threads: number): void;
}

const FLASH_ATTENTION_DISABLED = 0;
const GGML_TYPE_F32 = 0;
const LOG_LEVEL_ERROR = 4;
const EXACT = { flash_attn_type: FLASH_ATTENTION_DISABLED, type_k: GGML_TYPE_F32, type_v: GGML_TYPE_F32 };

const MODEL_PARAMS = {
  devices: 'void *',
  tensor_buft_overrides: 'void *',
  n_gpu_layers: 'int32_t',
  split_mode: 'int',
  load_mode: 'int',
  lazy_mode: 'int',
  main_gpu: 'int32_t',
  tensor_split: 'void *',
  progress_callback: 'void *',
  progress_callback_user_data: 'void *',
  kv_overrides: 'void *',
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
};

const CONTEXT_PARAMS = {
  n_ctx: 'uint32_t',
  n_batch: 'uint32_t',
  n_ubatch: 'uint32_t',
  n_seq_max: 'uint32_t',
  n_rs_seq: 'uint32_t',
  n_outputs_max: 'uint32_t',
  n_outputs_max_per_seq: 'uint32_t',
  n_threads: 'int32_t',
  n_threads_batch: 'int32_t',
  ctx_type: 'int',
  rope_scaling_type: 'int',
  pooling_type: 'int',
  attention_type: 'int',
  flash_attn_type: 'int',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32_t',
  defrag_thold: 'float',
  cb_eval: 'void *',
  cb_eval_user_data: 'void *',
  type_k: 'int',
  type_v: 'int',
  abort_callback: 'void *',
  abort_callback_data: 'void *',
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: 'void *',
  n_samplers: 'size_t',
  ctx_other: 'void *',
};

const QUANTIZE_PARAMS = {
  nthread: 'int32_t',
  ftype: 'int',
  output_tensor_type: 'int',
  token_embedding_type: 'int',
  allow_requantize: 'bool',
  quantize_output_tensor: 'bool',
  only_copy: 'bool',
  pure: 'bool',
  keep_split: 'bool',
  dry_run: 'bool',
  imatrix: 'void *',
  kv_overrides: 'void *',
  tt_overrides: 'void *',
  prune_layers: 'void *',
  max_buf_size: 'size_t',
};

const BATCH = {
  n_tokens: 'int32_t',
  token: 'void *',
  embd: 'void *',
  pos: 'void *',
  n_seq_id: 'void *',
  seq_id: 'void *',
  logits: 'void *',
};

function bind(koffi: Koffi) {
  koffi.struct('llama_model_params', MODEL_PARAMS);
  koffi.struct('llama_context_params', CONTEXT_PARAMS);
  koffi.struct('llama_model_quantize_params', QUANTIZE_PARAMS);
  koffi.struct('llama_batch', BATCH);
  const ggml = koffi.load(join(LIBRARIES, 'libggml.v0.5.0.so'));
  const llama = koffi.load(join(LIBRARIES, 'libllama.v0.5.0.so'));
  return {
    loadBackends: ggml.func('void ggml_backend_load_all_from_path(const char *dir)'),
    logSet: llama.func('void llama_log_set(void *callback, void *data)'),
    modelDefaults: llama.func('llama_model_params llama_model_default_params()'),
    contextDefaults: llama.func('llama_context_params llama_context_default_params()'),
    quantizeDefaults: llama.func('llama_model_quantize_params llama_model_quantize_default_params()'),
    loadModel: llama.func('void *llama_model_load_from_file(const char *path, llama_model_params params)'),
    freeModel: llama.func('void llama_model_free(void *model)'),
    vocabulary: llama.func('void *llama_model_get_vocab(void *model)'),
    vocabularySize: llama.func('int32_t llama_vocab_n_tokens(void *vocab)'),
    bos: llama.func('int32_t llama_vocab_bos(void *vocab)'),
    eos: llama.func('int32_t llama_vocab_eos(void *vocab)'),
    addBos: llama.func('bool llama_vocab_get_add_bos(void *vocab)'),
    addEos: llama.func('bool llama_vocab_get_add_eos(void *vocab)'),
    isEnd: llama.func('bool llama_vocab_is_eog(void *vocab, int32_t token)'),
    tokenize: llama.func(
      'int32_t llama_tokenize(void *vocab, void *text, int32_t len, _Out_ int32_t *tokens, int32_t max, bool add_special, bool parse_special)',
    ),
    piece: llama.func(
      'int32_t llama_token_to_piece(void *vocab, int32_t token, _Out_ uint8_t *buf, int32_t length, int32_t lstrip, bool special)',
    ),
    newContext: llama.func('void *llama_init_from_model(void *model, llama_context_params params)'),
    freeContext: llama.func('void llama_free(void *ctx)'),
    memory: llama.func('void *llama_get_memory(void *ctx)'),
    clearMemory: llama.func('void llama_memory_clear(void *mem, bool data)'),
    decode: llama.func('int32_t llama_decode(void *ctx, llama_batch batch)'),
    logits: llama.func('void *llama_get_logits_ith(void *ctx, int32_t i)'),
    quantize: llama.func(
      'uint32_t llama_model_quantize(const char *input, const char *output, const llama_model_quantize_params *params)',
    ),
  };
}

function largest(logits: Float32Array): number {
  return logits.reduce((best, value, token) => (value > (logits[best] ?? 0) ? token : best), 0);
}

/**
 * Once a process: ggml aborts when it is loaded anew, and koffi knows a type by one name only.
 * @param onError takes what the library says of errors, in pieces.
 */
export function loadLlama(onError: (text: string) => void = () => {}): Llama {
  const koffi = loadKoffi();
  const lib = bind(koffi);
  const log = (level: unknown, text: unknown) => level === LOG_LEVEL_ERROR && onError(String(text));
  lib.logSet(koffi.register(log, koffi.pointer(koffi.proto('void log(int level, str text, void *data)'))), null);
  lib.loadBackends(LIBRARIES);

  /** @param exact with float32 keys and values, and attention computed in full; else as llama.cpp does by default. */
  function openContext(model: unknown, length: number, threads: number, exact: boolean): unknown {
    const size = { n_ctx: Math.max(256, length), n_batch: Math.max(512, length), n_ubatch: Math.max(512, length) };
    const params = { ...size, n_threads: threads, n_threads_batch: threads, no_perf: true };
    const defaults = lib.contextDefaults() as object;
    const context = lib.newContext(model, { ...defaults, ...params, ...(exact && EXACT) });
    if (!context) throw new Error('llama_init_from_model failed');
    return context;
  }

  function openBatches(model: unknown, length: number, threads: number, exact: boolean): LlamaBatches {
    const context = openContext(model, length, threads, exact);
    return {
      run(tokens, logitsFrom) {
        lib.clearMemory(lib.memory(context), false);
        const logits = Int8Array.from(tokens, (_, i) => Number(i >= logitsFrom));
        const pointers = { embd: null, pos: null, n_seq_id: null, seq_id: null };
        const status = lib.decode(context, { n_tokens: tokens.length, token: tokens, ...pointers, logits });
        if (status !== 0) throw new Error(`llama_decode returned ${status}`);
      },
      free: () => lib.freeContext(context),
    };
  }

  /** Runs tokens one by one in a new context, and gives each one's logits to `next`, which says what follows. */
  function run(model: unknown, length: number, next: (logits: Float32Array | undefined) => number | undefined): void {
    const size = Number(lib.vocabularySize(lib.vocabulary(model)));
    // One thread: several wait for each other after each operator, which takes long where the machine is busy.
    const context = openContext(model, length, 1, true);
    try {
      let logits: Float32Array | undefined;
      for (let token = next(logits); token !== undefined; token = next(logits)) {
        const one = Int32Array.of(token);
        const pointers = { embd: null, pos: null, n_seq_id: null, seq_id: null, logits: null };
        const status = lib.decode(context, { n_tokens: 1, token: one, ...pointers });
        if (status !== 0) throw new Error(`llama_decode returned ${status}`);
        logits = new Float32Array(koffi.view(lib.logits(context, -1), 4 * size)).slice();
      }
    } finally {
      lib.freeContext(context);
    }
  }

  function wrap(model: unknown): LlamaModel {
    return {
      vocabularySize: Number(lib.vocabularySize(lib.vocabulary(model))),
      logits(tokens) {
        const all: Float32Array[] = [];
        let i = 0;
        run(model, tokens.length, (logits) => {
          if (logits !== undefined) all.push(logits);
          return tokens[i++];
        });
        return all;
      },
      continue(tokens, count) {
        const text = [...tokens];
        let i = 0;
        run(model, tokens.length + count, (logits) => {
          if (i >= tokens.length && logits !== undefined) text.push(largest(logits));
          return i < tokens.length + count ? text[i++] : undefined;
        });
        return text.slice(tokens.length, tokens.length + count);
      },
      openBatches: (length, threads, { exact } = { exact: true }) => openBatches(model, length, threads, exact),
      free: () => lib.freeModel(model),
    };
  }

  function wrapVocabulary(vocab: unknown): LlamaVocabulary {
    const tokens = Array.from({ length: Number(lib.vocabularySize(vocab)) }, (_, token) => token);
    return {
      bos: Number(lib.bos(vocab)),
      eos: Number(lib.eos(vocab)),
      addBos: Boolean(lib.addBos(vocab)),
      addEos: Boolean(lib.addEos(vocab)),
      ends: tokens.filter((token) => lib.isEnd(vocab, token)),
      tokenize(text, special, edges) {
        const bytes = Buffer.from(text);
        const ids = new Int32Array(bytes.length + 16);
        return [...ids.subarray(0, Number(lib.tokenize(vocab, bytes, bytes.length, ids, ids.length, edges, special)))];
      },
      piece(token, special) {
        const bytes = Buffer.alloc(4096);
        return bytes.subarray(0, Number(lib.piece(vocab, token, bytes, bytes.length, 0, special)));
      },
    };
  }

  return {
    loadVocabulary(path) {
      const model = lib.loadModel(path, { ...(lib.modelDefaults() as object), vocab_only: true });
      if (!model) throw new Error(`llama.cpp does not load ${path}`);
      return wrapVocabulary(lib.vocabulary(model));
    },
    loadModel(path) {
      const model = lib.loadModel(path, lib.modelDefaults());
      if (!model) throw new Error(`llama.cpp does not load ${path}`);
      return wrap(model);
    },
    quantize(input, output, ftype, threads) {
      const params = { ...(lib.quantizeDefaults() as object), ftype, nthread: threads };
      const status = lib.quantize(input, output, params);
      if (status !== 0) throw new Error(`llama_model_quantize returned ${status}`);
    },
  };
}
