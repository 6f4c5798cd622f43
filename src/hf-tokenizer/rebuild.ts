import { isObject, type Json, type JsonObject } from '../json.js';
import { type AddedToken, type AddedTokens, parseAddedToken } from './added-tokens.js';
import { SPECIAL_TOKEN_NAMES, type TokenizerClass } from './tokenizer-classes.js';

/**
 * What transformers makes of a tokenizer.json before it encodes anything. Where tokenizer_config.json contradicts
 * itself the reference fails; here the contradiction is passed over.
 */

const CONFIG = 'tokenizer_config.json';

/** The texts of the special tokens, by name: the configuration's, or the class's where it has none. Null is none. */
function specialTokens(config: JsonObject, kind: TokenizerClass): Map<string, Json> {
  const tokens = new Map<string, Json>();
  for (const name of SPECIAL_TOKEN_NAMES) {
    const configured = config[`${name}_token`];
    const token = configured === undefined ? kind.tokens[name] : configured;
    if (textOf(token) !== null) {
      tokens.set(name, token ?? null);
    }
  }
  const additional = config.additional_special_tokens;
  if (Array.isArray(additional)) {
    (additional as readonly Json[]).forEach((token, i) => {
      tokens.set(`additional ${i}`, token);
    });
  }
  return tokens;
}

/** A token is given as its text, or as an object with a `content`. */
function textOf(token: Json | undefined): string | null {
  const text = isObject(token) ? token.content : token;
  return typeof text === 'string' ? text : null;
}

/**
 * Adds what the configuration and the class know beyond tokenizer.json: entries of `added_tokens_decoder`, by id, which
 * also change the properties of tokens that are there, then special tokens that are nowhere yet.
 */
export function addConfiguredTokens(tokens: AddedTokens, config: JsonObject, kind: TokenizerClass): void {
  const special = specialTokens(config, kind);
  const texts = new Set([...special.values()].map(textOf));
  const decoder = isObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {};
  const configured = Object.entries(decoder)
    .sort(([a], [b]) => Number(a) - Number(b))
    .flatMap(([id, fields]) =>
      isObject(fields) ? [parseAddedToken(fields, `${CONFIG} added_tokens_decoder.${id}`)] : [],
    )
    .filter((token) => !same(token, tokens.get(token.content)?.token));
  for (const token of configured) {
    tokens.add({ ...token, special: token.special || texts.has(token.content) });
  }
  for (const token of special.values()) {
    const content = textOf(token);
    if (content !== null && !tokens.get(content)) {
      const fields = isObject(token) ? token : { content, special: true };
      tokens.add({ ...parseAddedToken(fields, `${CONFIG} ${content}`), special: true });
    }
  }
}

function same(a: AddedToken, b: AddedToken | undefined): boolean {
  return b !== undefined && (Object.keys(a) as (keyof AddedToken)[]).every((key) => a[key] === b[key]);
}

/** `normalizer`, as the class rebuilds it. */
export function rebuiltNormalizer(json: JsonObject, config: JsonObject, kind: TokenizerClass): Json | undefined {
  const normalizer = json.normalizer;
  if (!kind.bert || !isObject(normalizer) || normalizer.type !== 'BertNormalizer') {
    return normalizer;
  }
  return {
    ...normalizer,
    lowercase: config.do_lower_case ?? true,
    strip_accents: config.strip_accents ?? null,
    handle_chinese_chars: config.tokenize_chinese_chars ?? true,
  };
}

/** `pre_tokenizer` with the configuration's `add_prefix_space`, whose default is false. */
export function rebuiltPreTokenizer(json: JsonObject, config: JsonObject, kind: TokenizerClass): Json | undefined {
  const pre = json.pre_tokenizer;
  const prefix = config.add_prefix_space ?? (kind.ownPrefixSpace ? null : false);
  if (!isObject(pre) || typeof prefix !== 'boolean') {
    return pre;
  }
  if (kind.nestedPrefixSpace && prefix && Array.isArray(pre.pretokenizers)) {
    const members = (pre.pretokenizers as readonly Json[]).map((member) =>
      isObject(member) && 'add_prefix_space' in member ? { ...member, add_prefix_space: true } : member,
    );
    return { ...pre, pretokenizers: members };
  }
  return 'add_prefix_space' in pre ? { ...pre, add_prefix_space: prefix } : pre;
}

/** `post_processor`, or the BOS and EOS that the class puts around a text. */
export function rebuiltPostProcessor(
  json: JsonObject,
  config: JsonObject,
  kind: TokenizerClass,
  tokens: AddedTokens,
): Json | undefined {
  if (kind.addBos === undefined) {
    return json.post_processor;
  }
  const special = specialTokens(config, kind);
  const part = (name: string, on: boolean): readonly string[] => {
    const content = textOf(special.get(name));
    return on && content !== null ? [content] : [];
  };
  const addBos = config.add_bos_token === undefined ? kind.addBos : config.add_bos_token === true;
  const [bos, eos] = [part('bos', addBos), part('eos', config.add_eos_token === true)];
  const single = [
    ...bos.map((id) => ({ SpecialToken: { id } })),
    { Sequence: { id: 'A' } },
    ...eos.map((id) => ({ SpecialToken: { id } })),
  ];
  const ids = [...bos, ...eos].map((content) => [content, { ids: [tokens.idOf(content) ?? 0] }]);
  return { type: 'TemplateProcessing', single, special_tokens: Object.fromEntries(ids) };
}
