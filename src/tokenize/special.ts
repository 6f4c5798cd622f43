import type { Fields } from './fields.js';
import { ATTR, type Tokens } from './tokens.js';

/** The ids of tokens with a role; null where no token has it. */
export interface SpecialIds {
  readonly bos: number | null;
  readonly eos: number | null;
  readonly unknown: number | null;
  readonly separator: number | null;
  readonly endOfGeneration: ReadonlySet<number>;
}

/** The ids that a kind of tokenizer uses where the file names none. Ids beyond the vocabulary count as none. */
export interface SpecialDefaults {
  readonly bos: number | null;
  readonly eos: number | null;
  readonly unknown?: number;
  readonly separator?: number;
}

/**
 * Roles and their keys and texts. The last key that the file has gives the id. Without a key, a token with one of the
 * texts has the role (src/llama-vocab.cpp, "auto-detect special tokens by text"). If several tokens match, llama.cpp's
 * choice depends on a hash; here it is the first in the list.
 */
const ROLES = {
  eot: {
    keys: ['eot'],
    names: [
      ...['<|eot_id|>', '<|im_end|>', '<|end|>', '<end_of_turn>', '<|endoftext|>', '<|end_of_text|>', '<EOT>'],
      ...['_<EOT>', '[EOT]', '<｜end▁of▁sentence｜>', '<end_of_utterance>'],
    ],
  },
  eom: { keys: ['eom'], names: ['<|eom_id|>'] },
  fimPrefix: {
    keys: ['fim_pre', 'prefix'],
    names: [
      ...['<|fim_prefix|>', '<fim-prefix>', '<fim_prefix>', '<｜fim▁begin｜>', '<PRE>', '▁<PRE>', '<|code_prefix|>'],
      '<|prefix|>',
    ],
  },
  fimSuffix: {
    keys: ['fim_suf', 'suffix'],
    names: [
      ...['<|fim_suffix|>', '<fim-suffix>', '<fim_suffix>', '<｜fim▁hole｜>', '<SUF>', '▁<SUF>', '<|code_suffix|>'],
      '<|suffix|>',
    ],
  },
  fimMiddle: {
    keys: ['fim_mid', 'middle'],
    names: [
      ...['<|fim_middle|>', '<fim-middle>', '<fim_middle>', '<｜fim▁end｜>', '<MID>', '▁<MID>', '<|code_middle|>'],
      '<|middle|>',
    ],
  },
  fimPad: { keys: ['fim_pad'], names: ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]'] },
  fimRepo: { keys: ['fim_rep'], names: ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>'] },
  fimSeparator: { keys: ['fim_sep'], names: ['<|file_sep|>'] },
} as const;

/** Texts of tokens that end a generation, whatever the file says. */
const END_NAMES = [
  ...['<|eot_id|>', '<|im_end|>', '<|end|>', '<|return|>', '<|call|>', '<|flush|>', '<|calls|>', '<end_of_turn>'],
  ...['<|endoftext|>', '</s>', '<|eom_id|>', '<EOT>', '_<EOT>', '[EOT]', '[EOS]', '<|end_of_text|>'],
  ...['<end_of_utterance>', '<eos>', '<turn|>', '<|tool_response>', '<｜end▁of▁sentence｜>', '[e~['],
];

/** Control tokens of gpt-oss that are always shown. */
const SHOWN_NAMES = ['<|channel|>', '<|message|>', '<|start|>', '<|constrain|>'];

/**
 * Finds the tokens with a role. A token that is found by its text becomes a control token.
 * @throws MalformedVocabularyError
 */
export function findSpecials(fields: Fields, tokens: Tokens, defaults: SpecialDefaults): SpecialIds {
  const { ids, attrs, texts } = tokens;
  const idOf = (keys: readonly string[], fallback: number | null): number | null =>
    keys.reduce<number | null>(
      (id, key) => inside(fields.u32(`tokenizer.ggml.${key}_token_id`), texts) ?? id,
      inside(fallback, texts),
    );
  const controlled = (text: string): number | null => {
    const id = ids.get(text) ?? null;
    if (id !== null) {
      attrs[id] = (attrs[id] ?? 0) | ATTR.control;
    }
    return id;
  };
  const role = ({ keys, names }: { keys: readonly string[]; names: readonly string[] }): number | null => {
    const id = idOf(keys, null);
    const name = id === null ? names.find((text) => ids.has(text)) : undefined;
    return name === undefined ? id : controlled(name);
  };
  const bos = idOf(['bos'], defaults.bos);
  const eos = idOf(['eos'], defaults.eos);
  const found = Object.fromEntries(Object.entries(ROLES).map(([name, names]) => [name, role(names)]));
  const ends = [found.fimPad, found.fimRepo, found.fimSeparator, ...END_NAMES.map(controlled)];
  for (const text of SHOWN_NAMES) {
    setAttr(tokens, text, ATTR.userDefined);
  }
  const endOfGeneration = new Set([...ends, eos, found.eot, found.eom].filter((id) => id !== null && id !== undefined));
  takeBack(tokens, endOfGeneration);
  const unknown = idOf(['unknown'], defaults.unknown ?? null);
  // The format spells it like this.
  const separator = idOf(['seperator'], defaults.separator ?? null);
  return { bos, eos, unknown, separator, endOfGeneration };
}

/** Removes end tokens that mean something else if other tokens are there. */
function takeBack(tokens: Tokens, ends: Set<number>): void {
  const has = (text: string) => ends.has(tokens.ids.get(text) ?? -1);
  const remove = (text: string, attr: number) => {
    ends.delete(tokens.ids.get(text) ?? -1);
    setAttr(tokens, text, attr);
  };
  const calls = has('<|call|>') || has('<|calls|>');
  if (has('<|end|>') && calls && (has('<|return|>') || has('<|flush|>'))) {
    remove('<|end|>', ATTR.userDefined);
  }
  if (has('</s>') && has('<|tool_response>')) {
    remove('</s>', ATTR.normal);
  }
}

function setAttr({ ids, attrs }: Tokens, text: string, attr: number): void {
  const id = ids.get(text);
  if (id !== undefined) {
    attrs[id] = attr;
  }
}

function inside(id: number | null | undefined, texts: readonly string[]): number | null {
  return id === null || id === undefined || id >= texts.length ? null : id;
}

/** Marks the tokens that take the white space beside them. llama.cpp knows them by name, because no file says so. */
export function setStrips(
  tokens: Tokens,
  params: { readonly name: string; readonly lstrip: string | undefined },
): void {
  const { ids, attrs } = tokens;
  const change = (text: string, attr: number, on: boolean) => {
    const id = ids.get(text);
    if (id !== undefined) {
      attrs[id] = on ? (attrs[id] ?? 0) | attr : (attrs[id] ?? 0) & ~attr;
    }
  };
  const name = params.name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (params.lstrip !== undefined) {
    change(params.lstrip, ATTR.lstrip, true);
  } else if (/phi-?3/.test(name)) {
    attrs.forEach((attr, id) => {
      attrs[id] = attr & PARTED ? attr | ATTR.rstrip : attr;
    });
    change('</s>', ATTR.rstrip, true);
    for (const text of ['<unk>', '<s>', '<|endoftext|>']) {
      change(text, ATTR.rstrip, false);
    }
  } else if (name.includes('modern-bert')) {
    change('[MASK]', ATTR.lstrip, true);
  }
}

/** The attributes of tokens that are cut out of a text before anything else. */
export const PARTED = ATTR.control | ATTR.userDefined | ATTR.unknown;
