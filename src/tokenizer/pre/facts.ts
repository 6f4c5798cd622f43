import type { AutoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { isObject, type Json, type JsonObject } from '../../json.js';

/** Facts that distinguish names with the same splits. */
export interface Facts {
  /** `tokenizer_class`, without a final `Fast`. */
  readonly class: string;
  /** Whether a BOS is configured, or added before every text. */
  readonly bos: boolean;
  /** The normalizer's types. */
  readonly normalizers: readonly string[];
  /** Whether text is put between a CLS and a SEP as RoBERTa's is. */
  readonly roberta: boolean;
  /** Whether `clean_up_tokenization_spaces` is false. */
  readonly keepsSpaces: boolean;
  /** Whether a piece that is a token stays whole, even if no merges lead to it. */
  readonly ignoresMerges: boolean;
  has(token: string): boolean;
}

/** Reads the facts from tokenizer.json and the arguments of the tokenizer's class. */
export function factsOf({ json, init, class: kind }: AutoTokenizer): Facts {
  const name = typeof init.tokenizer_class === 'string' ? init.tokenizer_class.replace(/Fast$/, '') : '';
  const post = isObject(json.post_processor) ? json.post_processor : {};
  const added = Array.isArray(json.added_tokens) ? (json.added_tokens as readonly Json[]) : [];
  const contents = new Set(added.map((token) => (isObject(token) ? token.content : undefined)));
  const configured = typeof init.bos_token === 'string' || isObject(init.bos_token);
  return {
    class: name,
    bos: configured || kind.addBos === true || startsWithToken(post),
    normalizers: typesOf(json.normalizer),
    roberta: post.type === 'RobertaProcessing' || name === 'RobertaTokenizer',
    keepsSpaces: init.clean_up_tokenization_spaces === false,
    ignoresMerges: isObject(json.model) && json.model.ignore_merges === true,
    has: (token) => contents.has(token),
  };
}

function typesOf(normalizer: Json | undefined): string[] {
  if (!isObject(normalizer)) {
    return [];
  }
  const members = Array.isArray(normalizer.normalizers) ? (normalizer.normalizers as readonly Json[]) : [];
  return [normalizer.type, ...members.flatMap(typesOf)].filter((type) => typeof type === 'string');
}

/** Whether a post-processor, or one inside a Sequence, puts a token before every text. */
function startsWithToken(post: JsonObject): boolean {
  if (Array.isArray(post.processors)) {
    return (post.processors as readonly Json[]).some((member) => isObject(member) && startsWithToken(member));
  }
  const first = Array.isArray(post.single) ? (post.single as readonly Json[])[0] : undefined;
  return Array.isArray(post.cls) || (isObject(first) && isObject(first.SpecialToken));
}
