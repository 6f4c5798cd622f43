import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { objectAt, stringAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import type { TokenizerContext } from '../context.js';
import { parsePreTokenizer } from '../pre/recognize.js';
import { type SpecialVocabOptions, writeSpecialVocab } from '../special-vocab.js';
import { byteLevel, mergesOfRanks, type Ranks, readRanksFile, tiktokenSplit } from '../tiktoken.js';
import { padding } from '../token-types.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

/** A file of ranks with the tokens that the repository's own tokenizer class puts behind them. */
interface Scheme {
  readonly file: string;
  /** The name for `tokenizer.ggml.pre`: the pattern is a part of the class. */
  readonly pre: string;
  /** How the class cuts text, in the syntax of tokenizer.json. */
  readonly pattern: string;
  readonly normalizer?: JsonObject;
  /** The special tokens by id. `class` is the class's source, of which constants are read, and nothing is run. */
  specials(ranks: Ranks, size: number, files: TokenizerFiles, source: string): ReadonlyMap<number, string>;
  /** The module with the class. */
  readonly source: string;
  /** What is written of roles. `ids` has the special tokens by text. */
  roles(ids: ReadonlyMap<string, number>): SpecialVocabOptions;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const words = (digits: string) =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** Named tokens and a number of extra ones, from an id that the class names. */
const withExtras =
  (...names: readonly string[]): Scheme['specials'] =>
  (ranks, size, _, source) => {
    const start = constant(source, /^SPECIAL_START_ID\s*=\s*(\d+)/m) ?? ranks.size;
    const extras = constant(source, /<\|extra_\{i\}\|>"\s*for i in range\((\d+)\)/) ?? 205;
    const all = [...names, ...Array.from({ length: Math.min(extras, size) }, (_, i) => `<|extra_${i}|>`)];
    return new Map(all.map((text, i) => [start + i, text]));
  };

function constant(source: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(source)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The tokens of `added_tokens_decoder` in tokenizer_config.json. */
function declared({ tokenizerConfig }: TokenizerFiles): ReadonlyMap<number, string> {
  const entries = Object.entries(objectAt(tokenizerConfig, 'added_tokens_decoder'));
  return new Map(entries.map(([id, token]) => [Number(id), stringAt(token, 'content') ?? '']));
}

/** Qwen 1. ref-quirk: `_set_vocab_qwen` in conversion/base.py. */
const QWEN: Scheme = {
  file: 'qwen.tiktoken',
  pre: 'qwen2',
  pattern: words('\\p{N}'),
  normalizer: { type: 'NFC' },
  source: 'tokenization_qwen.py',
  specials: withExtras('<|endoftext|>', '<|im_start|>', '<|im_end|>'),
  roles(ids) {
    const end = ids.get('<|endoftext|>') ?? 0;
    return { otherwise: { bos: end, eos: end }, ids: { unk: end } };
  },
};

/** The special tokens of Arcade100k by id, from one that the class names. */
const ARCADE_TOKENS = [
  ...['<|endoftext|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|fim_pad|>', '<gh_stars>', '<filename>'],
  ...['<issue_start>', '<issue_comment>', '<issue_closed>', '<jupyter_start>', '<jupyter_text>', '<jupyter_code>'],
  ...['<jupyter_output>', '<empty_output>', '<commit_before>', '<commit_msg>', '<commit_after>', '<reponame>'],
  ...['<|endofprompt|>', '<|im_start|>', '<|im_end|>', '<|pause|>'],
  ...Array.from({ length: 8 }, (_, i) => `<|reg${i}|>`),
  '<|extra0|>',
];

/** StableLM 2, which the reference writes with the same function as Qwen 1. */
const ARCADE: Scheme = {
  ...QWEN,
  file: 'arcade100k.tiktoken',
  pre: 'stablelm2',
  source: 'tokenization_arcade100k.py',
  specials(ranks, _, __, source) {
    const start = constant(source, /^START_ID\s*=\s*(\d+)/m) ?? ranks.size;
    return new Map(ARCADE_TOKENS.map((text, i) => [start + i, text]));
  },
};

const HAN = '[\\p{Han}]';
const without = (classes: string) => `[${classes}&&[^\\p{Han}]]`;
const [UPPER, LOWER] = [without('\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}'), without('\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}')];

/** Kimi K2 and its kin. ref-quirk: `DeepseekV2Model.set_vocab` in conversion/deepseek.py. */
const KIMI: Scheme = {
  file: 'tiktoken.model',
  pre: 'kimi-k2',
  pattern: [
    `${HAN}+`,
    `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${CONTRACTIONS}?`,
    `[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${CONTRACTIONS}?`,
    '\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  ].join('|'),
  source: 'tokenization_kimi.py',
  specials(ranks, size, files, source) {
    const reserved = constant(source, /num_reserved_special_tokens\s*(?::\s*int\s*)?=\s*(\d+)/) ?? 256;
    const more = constant(source, /num_reserved_special_tokens\s*\+\s*(\d+)/) ?? 0;
    const names = declared(files);
    const count = Math.max(0, Math.min(reserved + more, size - ranks.size));
    const ids = Array.from({ length: count }, (_, i) => ranks.size + i);
    return new Map(ids.map((id) => [id, names.get(id) ?? `<|reserved_token_${id}|>`]));
  },
  roles: () => ({}),
};

/** HunYuan. ref-quirk: `HunYuanMoEModel.set_vocab` in conversion/hunyuan.py: config.json has a wrong BOS. */
const HUNYUAN: Scheme = {
  file: 'hy.tiktoken',
  pre: 'hunyuan',
  pattern: words('\\p{N}'),
  normalizer: { type: 'NFC' },
  source: 'tokenization_hy.py',
  specials: withExtras('<|endoftext|>', '<|startoftext|>', '<|bos|>', '<|eos|>', '<|pad|>'),
  roles: () => ({}),
};

/** GLM 4 with the tokenizer class of its first release, which the reference cannot load. */
const GLM4: Scheme = {
  file: 'tokenizer.model',
  pre: 'chatglm-bpe',
  pattern: words('\\p{N}{1,3}'),
  source: 'tokenization_chatglm.py',
  specials: (_, __, files) => declared(files),
  roles(ids) {
    const [end, user] = [ids.get('<|endoftext|>'), ids.get('<|user|>')];
    return { ids: { ...(end !== undefined && { eos: end, unk: end }), ...(user !== undefined && { eot: user }) } };
  },
};

export const qwenTiktoken = kindOf(QWEN, ARCADE);
export const kimiTiktoken = kindOf(KIMI);
export const hunyuanTiktoken = kindOf(HUNYUAN);
export const glm4Tiktoken: TokenizerKind = {
  ...kindOf(GLM4),
  applies: async ({ files }, { tokenizer, tokenizerConfig }) =>
    !tokenizer && tokenizerConfig?.tokenizer_class === 'ChatGLM4Tokenizer' && (await files.has(GLM4.file)),
};

/**
 * A kind of files that only the repository's own code reads, which is never run: what it does is known here. The first
 * scheme whose file is there counts.
 */
function kindOf(...schemes: readonly [Scheme, ...Scheme[]]): TokenizerKind {
  const schemeOf = async ({ files }: TokenizerContext): Promise<Scheme | undefined> => {
    for (const scheme of schemes) {
      if (await files.has(scheme.file)) {
        return scheme;
      }
    }
    return undefined;
  };
  const known = async (context: TokenizerContext) => (await schemeOf(context)) ?? schemes[0];
  return {
    applies: async (context, { tokenizer }) => !tokenizer && (await schemeOf(context)) !== undefined,
    write: async (context, files) => write(context, files, await known(context)),
    convert: async (context, files) => {
      const scheme = await known(context);
      const { ranks, merges, specials } = await read(context, files, scheme);
      return tokenizerJson(scheme, ranks, merges, specials);
    },
  };
}

async function read({ files: repo, config }: TokenizerContext, files: TokenizerFiles, scheme: Scheme) {
  const ranks = await readRanksFile(repo, scheme.file);
  const size = vocabularySize(config, ['padded_vocab_size', 'vocab_size']) ?? ranks.size;
  const all = scheme.specials(ranks, size, files, (await repo.text(scheme.source)) ?? '');
  const specials = new Map([...all].filter(([id]) => id < size));
  const last = Array.from(ranks.values()).reduce((most, rank) => Math.max(most, rank), 0);
  if (last >= size) {
    throw malformedFile(
      scheme.file,
      `has a token of the id ${last}, and config.json says vocab_size ${size}`,
      'Correct vocab_size in config.json, or take the tokenizer that belongs to the model.',
    );
  }
  return { ranks, size, specials, merges: mergesOfRanks(ranks, tiktokenSplit, scheme.file) };
}

async function write(context: TokenizerContext, files: TokenizerFiles, scheme: Scheme): Promise<void> {
  const { ranks, size, specials, merges } = await read(context, files, scheme);
  const tokens = Array.from({ length: size }, (_, id) => padding(id));
  const types = new Int32Array(size).fill(TOKEN_TYPE.unused);
  for (const [token, rank] of ranks) {
    tokens[rank] = byteLevel(token);
    types[rank] = TOKEN_TYPE.normal;
  }
  for (const [id, text] of specials) {
    tokens[id] = text;
    types[id] = TOKEN_TYPE.control;
  }
  const { kv, preTokenizer } = context;
  kv.string('tokenizer.ggml.model', 'gpt2');
  kv.string('tokenizer.ggml.pre', preTokenizer === undefined ? scheme.pre : parsePreTokenizer(preTokenizer));
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  const ids = new Map(Array.from(specials, ([id, text]) => [text, id]));
  await writeSpecialVocab(context, files, { merges, ...scheme.roles(ids) });
}

/** The tokenizer.json that says the same. */
function tokenizerJson(
  { pattern, normalizer }: Scheme,
  ranks: Ranks,
  merges: readonly string[],
  specials: ReadonlyMap<number, string>,
): JsonObject {
  const byteLevelParts = { add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    added_tokens: Array.from(specials, ([id, content]) => ({
      ...{ id, content, special: true, normalized: false },
      ...{ lstrip: false, rstrip: false, single_word: false },
    })),
    normalizer: normalizer ?? null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', ...byteLevelParts },
      ],
    },
    decoder: { type: 'ByteLevel', ...byteLevelParts },
    model: {
      type: 'BPE',
      ignore_merges: true,
      vocab: Object.fromEntries(Array.from(ranks, ([token, rank]) => [byteLevel(token), rank])),
      merges: [...merges],
    },
  };
}
