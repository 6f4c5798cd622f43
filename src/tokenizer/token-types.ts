import { TOKEN_TYPE } from '../gguf/token-type.js';

/**
 * Tokens that are special although released tokenizers do not say so. ref-quirk: `does_token_look_special` in
 * conversion/base.py.
 */
const SPECIAL_NAMES = ['<pad>', '<mask>', '<2mass>', '[@BOS@]'];
const SPECIAL_ENDS = [
  ['<|', '|>'],
  ['<｜', '｜>'],
  ['<unused', '>'],
] as const;

/** Whether a token is written as a control token although no file calls it special. */
export function looksSpecial(token: string): boolean {
  return (
    SPECIAL_NAMES.includes(token) || SPECIAL_ENDS.some(([start, end]) => token.startsWith(start) && token.endsWith(end))
  );
}

/**
 * The type and the text of an added token. In a user-defined token `▁` becomes a space, because llama.cpp looks for it
 * before normalization. ref-quirk: `get_vocab_base` in conversion/base.py.
 */
export function addedTokenEntry(text: string, special: boolean): { readonly text: string; readonly type: number } {
  return special || looksSpecial(text)
    ? { text, type: TOKEN_TYPE.control }
    : { text: text.replaceAll('▁', ' '), type: TOKEN_TYPE.userDefined };
}

/** The text for an id that has no token. ref-quirk: `get_vocab_base` in conversion/base.py. */
export function padding(id: number): string {
  return `[PAD${id}]`;
}
