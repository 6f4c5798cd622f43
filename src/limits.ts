/** Caps on what a file from elsewhere may ask for, each with its reason. Named by the module that enforces it. */

// checkpoint: the safetensors library refuses longer headers too.
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;
/** Tensors of one checkpoint; the largest released mixtures of experts have some 200,000. */
export const MAX_TENSORS = 1_000_000;
/** Dimensions of a source tensor; ggml holds 4, and convolutions are squeezed to that. */
export const MAX_SOURCE_DIMS = 8;

// repo
/** Entries of one repository listing. */
export const MAX_REPO_FILES = 200_000;
/** Pages of one listing, lest empty ones go on for ever; the Hub puts 1000 entries on a page. */
export const MAX_REPO_PAGES = 2_000;
/** One answer of the Hub's API; a page of a listing has some 300 KB. */
export const MAX_ANSWER_BYTES = 32 * 2 ** 20;
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
