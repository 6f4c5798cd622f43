import { InvalidTokenIdError } from '../hf-tokenizer/errors.js';
import { objectAt, objectsAt, stringAt, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { beginning, type Json, type JsonObject } from '../json.js';
import { readChatTemplate, writeChatTemplate } from './chat-template.js';
import type { TokenizerContext } from './context.js';
import { mergesOf, readMergesFile } from './merges.js';
import { applyPostProcessor, type SpecialRoles } from './post-processor.js';

/** Role → the name of its key. CLS has none: its id is read and not written. */
const ID_KEYS: Readonly<Record<string, string>> = {
  bos: 'bos',
  eos: 'eos',
  unk: 'unknown',
  sep: 'seperator',
  pad: 'padding',
  mask: 'mask',
  eot: 'eot',
  eom: 'eom',
};
const ADD_TYPES = ['bos', 'eos', 'sep'];

/** What kinds of tokenizers and families change about `writeSpecialVocab`. */
export interface SpecialVocabOptions {
  /** The merges for `tokenizer.ggml.merges`, or whether to write those of the files. */
  readonly merges?: boolean | readonly string[];
  /** The number of tokens. Ids from there on are left out. */
  readonly size?: number;
  /** The roles to look up. @default bos, eos, unk, sep, pad, cls, mask */
  readonly types?: readonly string[];
  /** Ids by role that are usual in the family. An id from a file wins. */
  readonly ids?: Readonly<Record<string, number>>;
  /** The same where the files give no ids at all. */
  readonly otherwise?: Readonly<Record<string, number>>;
  /** Ids by role that win over those of all files. */
  readonly forced?: Readonly<Record<string, number>>;
  /** The chat template where the repository has none. */
  readonly template?: string;
}

/**
 * Writes the keys that all kinds of tokenizers share, in this order: merges, ids of special tokens, `add_*_token`, chat
 * templates, and flags of the normalizer.
 * ref-quirk: `SpecialVocab` in gguf-py/gguf/vocab.py.
 * @throws MalformedTokenizerError, InvalidTokenIdError, MalformedJsonError
 */
export async function writeSpecialVocab(
  context: TokenizerContext,
  files: TokenizerFiles,
  options: SpecialVocabOptions,
): Promise<void> {
  const { kv } = context;
  if (options.merges) {
    const merges = options.merges === true ? await mergesOfFiles(context, files) : options.merges;
    if (merges.length > 0) {
      kv.array('tokenizer.ggml.merges', 'string', merges);
    } else {
      context.warn('The tokenizer has no merges, so every byte stays a token of its own.');
    }
  }
  const roles = specialRoles(files, options);
  const ids = new SpecialIds(options.size, context.warn);
  readFromTokenizerConfig(files, roles, ids);
  await readFromConfig(context, files.config, roles, ids);
  const usual = ids.byType.size === 0 ? { ...options.otherwise, ...options.ids } : options.ids;
  for (const [type, id] of Object.entries(usual ?? {})) {
    ids.set(type, id, 'config.json', type);
  }
  for (const [type, id] of Object.entries(options.forced ?? {})) {
    ids.byType.set(type, id);
  }
  for (const [type, id] of ids.byType) {
    if (Object.hasOwn(ID_KEYS, type)) {
      kv.u32(`tokenizer.ggml.${ID_KEYS[type]}_token_id`, id);
    }
  }
  for (const [type, add] of roles.add) {
    if (ADD_TYPES.includes(type)) {
      kv.bool(`tokenizer.ggml.add_${type}_token`, add);
    }
  }
  const own = roles.config && (await readChatTemplate(context.files, roles.config, context.warn));
  const template = own ?? options.template;
  if (template !== undefined) {
    writeChatTemplate(kv, template);
  }
  writeNormalizer(context, objectAt(files.tokenizer, 'normalizer'));
}

async function mergesOfFiles({ files: repo }: TokenizerContext, files: TokenizerFiles): Promise<readonly string[]> {
  const merges = mergesOf(objectAt(files.tokenizer, 'model').merges);
  return merges.length > 0 ? merges : await readMergesFile(repo);
}

function specialRoles(files: TokenizerFiles, options: SpecialVocabOptions): SpecialRoles {
  const types = [...(options.types ?? ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'])];
  const config = isEmpty(files.tokenizerConfig) ? null : { ...files.tokenizerConfig };
  const roles: SpecialRoles = { config, types, add: new Map() };
  if (files.tokenizer) {
    applyPostProcessor(files.tokenizer, roles);
  }
  return roles;
}

function isEmpty(object: JsonObject | null): boolean {
  return object === null || Object.keys(object).length === 0;
}

/** Ids by role. The first id that is set for a role stays. */
class SpecialIds {
  readonly byType = new Map<string, number>();

  constructor(
    readonly size: number | undefined,
    readonly warn: (message: string) => void,
  ) {}

  set(type: string, id: Json | undefined, file: string, key: string): void {
    if (typeof id === 'boolean' || (typeof id === 'number' && (id < 0 || id >= 2 ** 32))) {
      throw new InvalidTokenIdError(file, key, id);
    }
    if (typeof id !== 'number' || !Number.isInteger(id)) {
      return;
    }
    if (this.size !== undefined && id >= this.size) {
      this.warn(`${file}: ${key} is ${id}, beyond the vocabulary's ${this.size} tokens; it is left out.`);
    } else if (!this.byType.has(type)) {
      this.byType.set(type, id);
    }
  }
}

/**
 * Reads roles from tokenizer_config.json. Only `added_tokens` of tokenizer.json gives the id of a text, by its first
 * match.
 */
function readFromTokenizerConfig(files: TokenizerFiles, roles: SpecialRoles, ids: SpecialIds): void {
  if (!roles.config) {
    return;
  }
  const added = objectsAt(files.tokenizer, 'added_tokens');
  for (const type of roles.types) {
    const add = roles.config[`add_${type}_token`];
    if (typeof add === 'boolean') {
      roles.add.set(type, add);
    }
    const entry = roles.config[`${type}_token`];
    const content = typeof entry === 'string' ? entry : stringAt(entry, 'content');
    if (content !== undefined) {
      ids.set(type, added.find((token) => token.content === content)?.id, 'tokenizer.json', 'the id of an added token');
    }
  }
}

/** Reads ids from config.json, or from its `text_config` where the root has none. It skips lists of ids. */
async function readFromConfig(
  context: TokenizerContext,
  config: JsonObject | null,
  roles: SpecialRoles,
  ids: SpecialIds,
): Promise<void> {
  const text = (await context.files.text('config.json')) ?? '';
  for (const type of roles.types) {
    const key = `${type}_token_id`;
    const id = config?.[key] ?? objectAt(config, 'text_config')[key];
    if (writtenAsFloat(text, key)) {
      context.warn(`config.json: ${key} is ${beginning(id)}, no whole number; it is left out.`);
    } else {
      ids.set(type, id, 'config.json', key);
    }
  }
}

/** Whether a number is written as 3.0. Python takes only 3 for an id, and JSON.parse cannot tell them apart. */
function writtenAsFloat(text: string, key: string): boolean {
  return new RegExp(`"${key}"\\s*:\\s*-?\\d+(\\.\\d|[eE])`).test(text);
}

/** Writes `normalizer.lowercase` and `strip_accents`, from a normalizer or the members of a sequence. */
function writeNormalizer(context: TokenizerContext, normalizer: JsonObject): void {
  const found: { lowercase?: Json | undefined; strip_accents?: Json | undefined } = {};
  const visit = (part: JsonObject, depth: number): void => {
    if (part.type === 'Lowercase') {
      found.lowercase = true;
    } else if (part.type === 'StripAccents') {
      found.strip_accents = true;
    } else if (part.type === 'BertNormalizer') {
      found.lowercase = 'lowercase' in part ? part.lowercase : found.lowercase;
      found.strip_accents = 'strip_accents' in part ? part.strip_accents : found.strip_accents;
    } else if (part.type === 'Sequence' && depth < MAX_NORMALIZER_DEPTH) {
      for (const inner of objectsAt(part, 'normalizers')) {
        visit(inner, depth + 1);
      }
    }
  };
  visit(normalizer, 0);
  for (const key of ['lowercase', 'strip_accents'] as const) {
    if (typeof found[key] === 'boolean') {
      context.kv.bool(`tokenizer.ggml.normalizer.${key}`, found[key]);
    }
  }
}

/** The deepest nesting of sequences that is read. Released tokenizers have no nesting. */
const MAX_NORMALIZER_DEPTH = 16;
