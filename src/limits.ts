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
/** A file that is read whole into memory (config, tokenizer, index, model card). */
export const MAX_SMALL_FILE_BYTES = 256 * 2 ** 20;

// tokenizer
/** Tokens of a vocabulary: the largest released ones have some 262,144. A configuration that asks for more is wrong. */
export const MAX_VOCABULARY = 4_194_304;
