import { TOKEN_TYPE } from '../gguf/token-type.js';

/** Released tokenizers forget to mark these as special; the reference does it (base.py, does_token_look_special). */
const SPECIAL_NAMES = ['<pad>', '<mask>', '<2mass>', '[@BOS@]'];
const SPECIAL_ENDS = [
  ['<|', '|>'],
  ['<｜', '｜>'],
  ['<unused', '>'],
] as const;

/** Whether a token is written as a control token although no file says that it is special. */
export function looksSpecial(token: string): boolean {
  return (
    SPECIAL_NAMES.includes(token) || SPECIAL_ENDS.some(([start, end]) => token.startsWith(start) && token.endsWith(end))
  );
}

/** The type of an added token, and its text: user-defined tokens are matched before normalization, so `▁` is a space. */
export function addedTokenEntry(text: string, special: boolean): { readonly text: string; readonly type: number } {
  return special || looksSpecial(text)
    ? { text, type: TOKEN_TYPE.control }
    : { text: text.replaceAll('▁', ' '), type: TOKEN_TYPE.userDefined };
}

/** What fills a place of the vocabulary that no token has. */
export function padding(id: number): string {
  return `[PAD${id}]`;
}
