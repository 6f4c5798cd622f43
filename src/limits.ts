/** Limits on what a file from elsewhere may make us do, each with its reason, by the room that enforces it. */

// checkpoint: the safetensors library refuses longer headers too.
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;
/** Tensors of one checkpoint; the largest released mixtures of experts have some 200,000. */
export const MAX_TENSORS = 1_000_000;
/** Dimensions of a source tensor; ggml holds 4, and convolutions are squeezed to that. */
export const MAX_SOURCE_DIMS = 8;

// repo
/** Entries of one repository listing. */
export const MAX_REPO_FILES = 200_000;
/** Pages of one listing: a server could send empty ones for ever. The Hub puts 1000 entries on a page. */
export const MAX_REPO_PAGES = 2_000;
/** One answer of the Hub's API; a page of a listing has some 300 KB. JSON.parse takes up to 20 times as much memory. */
export const MAX_ANSWER_BYTES = 8 * 2 ** 20;
/** Brackets around one value of such an answer; the Hub's have fewer than 10. JSON.parse takes 100 bytes for each. */
export const MAX_ANSWER_DEPTH = 100;
/** A path in a listing, in characters: Linux has no longer ones. */
export const MAX_REPO_PATH_LENGTH = 4096;
/** A file that is read whole into memory (config, tokenizer, index, model card). */
export const MAX_SMALL_FILE_BYTES = 256 * 2 ** 20;

// config
/** Blocks of one model: lists with an entry a block are made from it. Released models have fewer than 200. */
export const MAX_BLOCKS = 65_536;
/** Dimensions of an attention head: tables with an entry for each two are made from it. Released models have at most 512. */
export const MAX_HEAD_DIM = 65_536;
// tokenizer
/** Tokens of a vocabulary: the largest released ones have some 262,144. A configuration that asks for more is wrong. */
export const MAX_VOCABULARY = 4_194_304;

// gguf: what is read into memory before anything is known about the file.
/** Key-values and tensor list together; a vocabulary of 262,144 pieces with its merges takes 15 MiB. */
export const MAX_GGUF_HEADER_BYTES = 128 * 2 ** 20;
/** Released files have some 60. */
export const MAX_GGUF_KEY_VALUES = 65_536;
/** Elements of one array; the largest vocabularies have some 500,000 merges. */
export const MAX_GGUF_ARRAY_LENGTH = 2 ** 24;
/** A string value; the longest chat templates have some 100 KiB. */
export const MAX_GGUF_STRING_BYTES = 16 * 2 ** 20;
/** A key or a tensor's name: the format's own limit for keys. */
export const MAX_GGUF_NAME_BYTES = 65_535;
/** Parts of a split file: its count is a u16. */
export const MAX_GGUF_PARTS = 65_535;
/** Dimensions of a tensor: GGML_MAX_DIMS. */
export const MAX_GGUF_DIMS = 4;

// quantize
/** An importance matrix, which is read whole; that of a mixture of experts of a trillion parameters has 1.5 GB. */
export const MAX_IMATRIX_BYTES = 4 * 2 ** 30;

/** A file of sensitivities, which is read whole: some 200 bytes for each of a million tensors. */
export const MAX_SENSITIVITIES_BYTES = 256 * 2 ** 20;

// runner
/** Memory beside the weights that a model of any size may take: 512 tokens of a vocabulary of 262,144 take 0.5 GiB. */
export const MIN_RUNNER_BYTES = 2 * 2 ** 30;
/** The same, in sizes of the weights: with a context of 40,960, a small Qwen3 in 2 bits a weight takes as much. */
export const MAX_RUNNER_PROPORTION = 32;
/** Characters of a chat laid out by a template; some 4 million tokens. */
export const MAX_CHAT_LENGTH = 2 ** 24;
/** Characters of a chat template; the longest that are known have some 20,000. */
export const MAX_TEMPLATE_LENGTH = 2 ** 20;
