import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { isObject, type Json, type JsonObject } from '../../json.js';
import { MAX_VOCABULARY } from '../../limits.js';
import { readJinja } from '../chat-template.js';
import type { TokenizerContext } from '../context.js';
import { NoTokenizerError } from '../errors.js';
import { readSentencePieceModel } from '../model-proto.js';
import { allSplits, byteLevel, MAX_TOKEN_BYTES, mergesOfRanks, type Ranks } from '../tiktoken.js';
import type { TokenizerKind } from './kind.js';

const TEKKEN = 'tekken.json';

/** Mistral's own tokenizer in a repository of transformers' format. */
export const tekken: TokenizerKind = {
  applies: ({ files }, { tokenizer }) => !tokenizer && files.has(TEKKEN),
  write: async (context) => writeMistral(context, await readTekken(context), true),
};

/** The tokenizer of a model in Mistral's own format: tekken.json, or a SentencePiece model with its version's name. */
export const mistral: TokenizerKind = {
  applies: () => true,
  async write(context) {
    const vocabulary = (await context.files.has(TEKKEN)) ? await readTekken(context) : await readVersioned(context);
    await writeMistral(context, vocabulary, context.communityTemplate ?? true);
  },
};

/** A vocabulary as mistral-common reads it. */
interface MistralVocabulary {
  /** Such as `v7`. */
  readonly version: string;
  readonly tokens: readonly string[];
  readonly types: Int32Array;
  /** Those of a SentencePiece model. */
  readonly scores?: Float32Array;
  /** Those of a tekken.json. */
  readonly merges?: readonly string[];
  readonly ids: Readonly<Record<'bos' | 'eos' | 'unk' | 'pad', number>>;
}

/**
 * Writes the keys. ref-quirk: `_set_vocab_mistral` in conversion/base.py and `MistralVocab` in gguf-py/gguf/vocab.py.
 * @param community whether to write a template that Mistral itself did not publish, where chat_template.jinja is missing.
 */
async function writeMistral(context: TokenizerContext, from: MistralVocabulary, community: boolean): Promise<void> {
  const { kv } = context;
  kv.string('tokenizer.ggml.model', from.merges ? 'gpt2' : 'llama');
  if (from.merges) {
    kv.string('tokenizer.ggml.pre', 'tekken');
    kv.array('tokenizer.ggml.merges', 'string', from.merges);
  }
  kv.u32('tokenizer.ggml.bos_token_id', from.ids.bos);
  kv.u32('tokenizer.ggml.eos_token_id', from.ids.eos);
  kv.u32('tokenizer.ggml.unknown_token_id', from.ids.unk);
  kv.u32('tokenizer.ggml.padding_token_id', from.ids.pad);
  kv.array('tokenizer.ggml.tokens', 'string', from.tokens);
  if (from.scores) {
    kv.array('tokenizer.ggml.scores', 'f32', from.scores);
  } else {
    kv.array('tokenizer.ggml.scores', 'i32', new Int32Array(from.tokens.length));
  }
  kv.array('tokenizer.ggml.token_type', 'i32', from.types);
  kv.u32(`${kv.get('general.architecture')?.value}.vocab_size`, from.tokens.length);
  kv.bool('tokenizer.ggml.add_bos_token', true);
  kv.bool('tokenizer.ggml.add_eos_token', false);
  const own = context.communityTemplate === undefined ? null : await readJinja(context.files, 'chat_template.jinja');
  const template = own ?? (community ? communityTemplate(context, from) : null);
  if (template) {
    kv.string('tokenizer.chat_template', template);
  }
}

/** Versions whose chats llama.cpp lays out itself, under these names. */
const BUILT_IN = { spm: ['v1', 'v3', 'v7'], tekken: ['v1', 'v3', 'v7'] } as const;

function communityTemplate({ warn }: TokenizerContext, { version, merges }: MistralVocabulary): string | null {
  const kind = merges ? 'tekken' : 'spm';
  if ((BUILT_IN[kind] as readonly string[]).includes(version)) {
    return kind === 'tekken' && version !== 'v1' ? `mistral-${version}-tekken` : `mistral-${version}`;
  }
  warn(
    `The repository has no chat template, and llama.cpp has none for Mistral's ${kind} tokenizer of version ${version}.`,
    'Put a chat_template.jinja beside the model.',
  );
  return null;
}

/** The special tokens of files before version 7, which do not list them. */
const DEFAULT_SPECIALS = [
  ...['<unk>', '<s>', '</s>', '[INST]', '[/INST]', '[AVAILABLE_TOOLS]', '[/AVAILABLE_TOOLS]', '[TOOL_RESULTS]'],
  ...['[/TOOL_RESULTS]', '[TOOL_CALLS]', '[IMG]', '<pad>', '[IMG_BREAK]', '[IMG_END]', '[PREFIX]', '[MIDDLE]'],
  ...['[SUFFIX]', '[SYSTEM_PROMPT]', '[/SYSTEM_PROMPT]', '[TOOL_CONTENT]'],
];

/**
 * Reads tekken.json: special tokens come first, then tokens of bytes by rank.
 * Source: mistral_common/tokens/tokenizers/tekken.py of mistral-common 1.12.
 */
async function readTekken({ files }: TokenizerContext): Promise<MistralVocabulary> {
  const json = (await files.json(TEKKEN)) ?? {};
  const config = isObject(json.config) ? json.config : {};
  const version = typeof config.version === 'string' ? config.version : '';
  const size = countAt(config, 'default_vocab_size');
  const specialCount = countAt(config, 'default_num_special_tokens');
  const specials = specialTokens(json, version, specialCount);
  if (size < specialCount) {
    throw malformedFile(TEKKEN, `has ${specialCount} special tokens in a vocabulary of ${size}`);
  }
  const ranks = readRanks(json.vocab, size - specialCount);
  const types = new Int32Array(size).fill(TOKEN_TYPE.normal).fill(TOKEN_TYPE.control, 0, specialCount);
  const idOf = (token: string): number => {
    const id = specials.find(({ text }) => text === token)?.rank;
    if (id === undefined) {
      throw malformedFile(TEKKEN, `has no special token ${token}`);
    }
    return id;
  };
  return {
    version,
    tokens: [...specials.map(({ text }) => text), ...Array.from(ranks.keys(), byteLevel)],
    types,
    merges: mergesOfRanks(ranks, someSplits, TEKKEN),
    ids: { bos: idOf('<s>'), eos: idOf('</s>'), unk: idOf('<unk>'), pad: idOf('<pad>') },
  };
}

function someSplits(token: string, rank: number, ranks: Ranks) {
  const splits = allSplits(token, ranks);
  if (splits.length === 0) {
    throw malformedFile(TEKKEN, `has the token ${JSON.stringify(token)} of rank ${rank}, which is no pair of others`);
  }
  return splits;
}

function countAt(config: JsonObject, key: string): number {
  const count = config[key];
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > MAX_VOCABULARY) {
    throw malformedFile(TEKKEN, `config.${key} is no count of tokens`);
  }
  return count;
}

interface SpecialToken {
  readonly text: string;
  /** Its id. */
  readonly rank: number;
}

function specialTokens(json: JsonObject, version: string, count: number): readonly SpecialToken[] {
  const given = json.special_tokens ?? null;
  if (given === null && Number(version.slice(1)) > 7) {
    throw malformedFile(TEKKEN, `is of version ${version} and lists no special tokens`);
  }
  const listed = given === null ? DEFAULT_SPECIALS.map((text, rank) => ({ text, rank })) : readSpecials(given);
  if (listed.length > count) {
    throw malformedFile(TEKKEN, `lists ${listed.length} special tokens, and its config has ${count}`);
  }
  const all = [...listed];
  for (let rank = listed.length; rank < count; rank++) {
    all.push({ text: `<SPECIAL_${rank}>`, rank });
  }
  if (new Set(all.map(({ text }) => text)).size < all.length) {
    throw malformedFile(TEKKEN, 'lists a special token twice');
  }
  return all;
}

function readSpecials(given: Json): readonly SpecialToken[] {
  const entries: readonly Json[] = Array.isArray(given) ? given : [null];
  return entries.map((entry, i) => {
    const { token_str: text, rank } = isObject(entry) ? entry : {};
    if (typeof text !== 'string' || typeof rank !== 'number' || !Number.isInteger(rank) || rank < 0) {
      throw malformedFile(TEKKEN, `special_tokens[${i}] has no token_str and rank`);
    }
    return { text, rank };
  });
}

/** The first `count` tokens of the list. The first 256 are the single bytes. */
function readRanks(list: Json | undefined, count: number): ReadonlyMap<string, number> {
  const entries: readonly Json[] = Array.isArray(list) ? list : [];
  if (entries.length < count) {
    throw malformedFile(TEKKEN, `has ${entries.length} tokens, and its config ${count}`);
  }
  const ranks = new Map<string, number>();
  for (let rank = 0; rank < count; rank++) {
    const entry = entries[rank];
    const bytes = isObject(entry) && entry.rank === rank && typeof entry.token_bytes === 'string';
    const token = bytes ? Buffer.from(entry.token_bytes as string, 'base64').toString('latin1') : '';
    const isByte = rank >= 256 || token === String.fromCharCode(rank);
    if (token === '' || token.length > MAX_TOKEN_BYTES || ranks.has(token) || !isByte) {
      throw malformedFile(TEKKEN, `vocab[${rank}] is no token of rank ${rank}, or is there twice`);
    }
    ranks.set(token, rank);
  }
  return ranks;
}

/** A SentencePiece model, with the version of the tokenizer in its name. `tokenizer.model` is the first version's. */
const VERSIONED = /^[^./]+\.model(?:\.(v\d+)(?:m\d+)?)?$/;

async function readVersioned({ files }: TokenizerContext): Promise<MistralVocabulary> {
  const names = (await files.repo.list()).map(({ path }) => path).filter((path) => VERSIONED.test(path));
  const file = names.sort().at(-1);
  const bytes = file === undefined ? null : await files.bytes(file);
  if (file === undefined || !bytes) {
    throw new NoTokenizerError(
      `${files.repo.id} holds no tokenizer in Mistral's format.`,
      'It is a tekken.json, or a tokenizer.model.v3 or the like; for a repository of transformers leave --mistral-format out.',
    );
  }
  const model = readSentencePieceModel(bytes, file);
  const idOf = (piece: string, type: number): number | undefined => {
    const id = model.pieces.indexOf(piece);
    return id >= 0 && model.types[id] === type ? id : undefined;
  };
  const needed = (piece: string, type: number): number => {
    const id = idOf(piece, type);
    if (id === undefined) {
      throw malformedFile(file, `has no special piece ${piece}`);
    }
    return id;
  };
  const eos = needed('</s>', TOKEN_TYPE.control);
  return {
    version: VERSIONED.exec(file)?.[1] ?? 'v1',
    tokens: model.pieces,
    types: model.types.map((type) => (type === TOKEN_TYPE.userDefined ? TOKEN_TYPE.normal : type)),
    scores: model.scores,
    ids: {
      bos: needed('<s>', TOKEN_TYPE.control),
      eos,
      unk: needed('<unk>', TOKEN_TYPE.unknown),
      pad: idOf('<pad>', TOKEN_TYPE.control) ?? eos,
    },
  };
}
