import { isObject, type Json } from '../json.js';
import type { AutoTokenizer } from './auto-tokenizer.js';
import { roleText } from './special-tokens.js';

/** The parts of a tokenizer.json that transformers' tokenizer classes replace before anything is encoded. */

/** `normalizer`, as the class rebuilds it. */
export function rebuiltNormalizer({ json, init, class: kind }: AutoTokenizer): Json | undefined {
  const normalizer = json.normalizer;
  if (!kind.bert || !isObject(normalizer) || normalizer.type !== 'BertNormalizer') {
    return normalizer;
  }
  return {
    ...normalizer,
    lowercase: init.do_lower_case ?? true,
    strip_accents: init.strip_accents ?? null,
    handle_chinese_chars: init.tokenize_chinese_chars ?? true,
  };
}

/** `pre_tokenizer` with the configuration's `add_prefix_space`, whose default is false. */
export function rebuiltPreTokenizer({ json, init, class: kind }: AutoTokenizer): Json | undefined {
  const pre = json.pre_tokenizer;
  const prefix = init.add_prefix_space ?? (kind.ownPrefixSpace ? null : false);
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
export function rebuiltPostProcessor({ json, init, class: kind, tokens }: AutoTokenizer): Json | undefined {
  if (kind.addBos === undefined) {
    return json.post_processor;
  }
  const part = (name: 'bos' | 'eos', on: boolean): readonly string[] => {
    const content = on ? roleText(name, init, kind) : undefined;
    return content === undefined ? [] : [content];
  };
  const addBos = init.add_bos_token === undefined ? kind.addBos : init.add_bos_token === true;
  const [bos, eos] = [part('bos', addBos), part('eos', init.add_eos_token === true)];
  const single = [
    ...bos.map((id) => ({ SpecialToken: { id } })),
    { Sequence: { id: 'A' } },
    ...eos.map((id) => ({ SpecialToken: { id } })),
  ];
  const ids = [...bos, ...eos].map((content) => [content, { ids: [tokens.idOf(content) ?? 0] }]);
  return { type: 'TemplateProcessing', single, special_tokens: Object.fromEntries(ids) };
}
