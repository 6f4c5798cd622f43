/** Limits on what a file from elsewhere may make us do, each with its reason, by the room that enforces it. */

// checkpoint: the safetensors library refuses longer headers too.
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;
/** Tensors of one checkpoint; the largest released mixtures of experts have some 200,000. */
export const MAX_TENSORS = 524_288;
/** Dimensions of a source tensor; ggml holds 4, and convolutions are squeezed to that. */
export const MAX_SOURCE_DIMS = 8;

// checkpoint: pickles of PyTorch.
/** The pickle of one file; those of checkpoints have some 250 bytes for each tensor. */
export const MAX_PICKLE_BYTES = 64 * 2 ** 20;
/** Opcodes of one pickle, each of which may take 100 bytes of memory; those of checkpoints have some 40 for each tensor. */
export const MAX_PICKLE_OPCODES = 2 ** 21;
/** Bytes of an integer; the format's own magic number has 10. */
export const MAX_PICKLE_INTEGER_BYTES = 255;
/** Entries of an archive: as many as such a pickle can have tensors. */
export const MAX_ZIP_ENTRIES = 65_536;
/** The directory of an archive; an entry has some 70 bytes. */
export const MAX_ZIP_DIRECTORY_BYTES = 16 * 2 ** 20;
/** Elements of a tensor that repeats those of its storage, which no file's size bounds; released ones are small buffers. */
export const MAX_REPEATED_ELEMENTS = 2 ** 26;
/** Segments of a tensor's storage, each of which takes memory; tensors with strides of their own have fewer than 100. */
export const MAX_VIEW_RUNS = 65_536;

/** A tensor that is read while planning, since the shapes of others follow from it; released ones have a few hundred bytes. */
export const MAX_PLANNED_TENSOR_BYTES = 64 * 2 ** 10;

// output
/** A journal of a conversion: a line of some kilobytes for each flush. A run of a day has some megabytes. */
export const MAX_JOURNAL_BYTES = 256 * 2 ** 20;

// repo
/** Entries of one repository listing. */
export const MAX_REPO_FILES = 200_000;
/** Pages of one listing: a server could send empty ones for ever. The Hub puts 1000 entries on a page. */
export const MAX_REPO_PAGES = 2_000;
/** Models of an owner that one look of a watch deals with; the newest ones. The largest owners have some 30,000. */
export const MAX_LISTED_MODELS = 100_000;
/** Parts in which a file is uploaded; storages take 10,000. */
export const MAX_UPLOAD_PARTS = 10_000;
/** One answer of the Hub's API; a page of a listing has some 300 KB. JSON.parse takes up to 20 times as much memory. */
export const MAX_ANSWER_BYTES = 8 * 2 ** 20;
/** A path in a listing, in characters: Linux has no longer ones. */
export const MAX_REPO_PATH_LENGTH = 4096;

// repo: small files, which are read whole.
/** What a small file may ask for. */
export interface SmallFileLimit {
  readonly paths: RegExp;
  readonly bytes: number;
  /** Of JSON: objects, arrays and their members, in all. */
  readonly values?: number;
}

/** The first row whose pattern a path matches counts. */
export const SMALL_FILES: readonly SmallFileLimit[] = [
  // Gemma 3n's has 33 MB. Three values for each token and each merge, and eight for each added token.
  { paths: /^tokenizer\.json$/, bytes: 64 * 2 ** 20, values: 2 ** 22 + 2 ** 21 },
  // `added_tokens_decoder` takes some 190 bytes and seven values for each added token.
  {
    paths: /^(tokenizer_config|added_tokens|special_tokens_map)\.json$/,
    bytes: 48 * 2 ** 20,
    values: 2 ** 21,
  },
  // The SentencePiece model of XLM-V's 901,629 pieces has some 20 MB.
  { paths: /\.model(\.v\d+(m\d+)?)?$/, bytes: 48 * 2 ** 20 },
  // PLaMo's vocabulary has some 60 bytes for each of 100,000 tokens.
  { paths: /^tokenizer\.jsonl$/, bytes: 32 * 2 ** 20 },
  // Mistral's has some 100 bytes and four values for each of 150,000 tokens.
  { paths: /^tekken\.json$/, bytes: 48 * 2 ** 20, values: 2 ** 22 },
  { paths: /^(merges|vocab)\.txt$/, bytes: 32 * 2 ** 20 },
  { paths: /^vocab\.json$/, bytes: 32 * 2 ** 20, values: 2 ** 21 },
  // Some 110 bytes and one value for each tensor.
  { paths: /\.index\.json$/, bytes: 64 * 2 ** 20, values: MAX_TENSORS + 1000 },
  // Results of benchmarks make model cards of a few hundred KB.
  { paths: /^README\.md$/, bytes: 8 * 2 ** 20 },
  // Four bytes for each character of MAX_TEMPLATE_LENGTH.
  { paths: /\.jinja$/, bytes: 4 * 2 ** 20 },
  // config.json, generation_config.json and others: the names of a few thousand labels or modules at most.
  { paths: /./s, bytes: 8 * 2 ** 20, values: 2 ** 18 },
];

/**
 * Levels of nested objects and arrays in any JSON: JSON.parse takes 100 bytes for each bracket. Released files and the Hub's
 * answers have fewer than ten.
 */
export const MAX_JSON_DEPTH = 100;
/** Values of a JSON text whose kind sets no lower limit: those of a safetensors header, some ten for each tensor. */
export const MAX_JSON_VALUES = 10 * MAX_TENSORS;

// config
/** Blocks of one model: lists with an entry a block are made from it. Released models have fewer than 200. */
export const MAX_BLOCKS = 65_536;
/** Dimensions of an attention head: tables with an entry for each two are made from it. Released models have at most 512. */
export const MAX_HEAD_DIM = 65_536;
// tokenizer
/** Tokens of a vocabulary: XLM-V has 901,629. A configuration that asks for more is wrong. */
export const MAX_VOCABULARY = 1_048_576;
/** Added tokens of one file: models of speech and images add an entry for each code, up to some 200,000. */
export const MAX_ADDED_TOKENS = 262_144;
/** Merges: those of the largest released vocabularies are some 580,000. */
export const MAX_MERGES = 700_000;
/** Named chat templates of one repository: released ones have three. */
export const MAX_TEMPLATES = 16;

// metadata
/** Characters of a model card's front matter; long tables of results have some 300,000. */
export const MAX_FRONT_MATTER_LENGTH = 2 * 2 ** 20;
/** Characters of a model's name or path that is taken apart: as many as a path of the system may have. */
export const MAX_MODEL_ID_LENGTH = 4096;
/** Base models, and datasets, of a model card; each becomes several keys. Merges of models name some 50. */
export const MAX_REFERENCES = 1_000;

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
