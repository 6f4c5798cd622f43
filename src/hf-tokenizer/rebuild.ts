import { isObject, type Json } from '../json.js';
import type { AutoTokenizer } from './auto-tokenizer.js';
import { roleText } from './special-tokens.js';

/** The parts of a tokenizer.json that transformers' tokenizer classes replace before anything is encoded. */

/** The `normalizer`, with the changes of the class. */
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

/** The `pre_tokenizer`, with `add_prefix_space` of the configuration, which is false by default. */
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

/** The `post_processor`, or BOS and EOS if the class puts them around a text. */
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
