/** Literals of Python's strings and bytes, as `ast.literal_eval` reads them and `repr` prints them. */

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\\': '\\', "'": "'", '"': '"', '\n': '' },
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;

/** The bytes of a literal; those of a text in UTF-8. Null for what is no literal, or names a character by its name. */
export function parseLiteral(source: string): Uint8Array | null {
  const [, prefix, , body] = /^(b?)(['"])((?:\\[\s\S]|(?!\2)[^\\])*)\2$/.exec(source) ?? [];
  const isBytes = prefix === 'b';
  if (body === undefined || (isBytes && /[^\0-\x7f]/.test(body))) {
    return null;
  }
  let valid = true;
  const text = body.replace(ESCAPE, (whole, hex, short, long, octal, char) => {
    const wide = short ?? long;
    if (char !== undefined || (isBytes && wide !== undefined)) {
      // Python keeps the backslash before what is no escape.
      valid &&= isBytes || (char !== 'N' && char !== 'x' && char !== 'u' && char !== 'U');
      return ESCAPES[char] ?? whole;
    }
    const code = octal === undefined ? Number.parseInt(hex ?? wide, 16) : Number.parseInt(octal, 8);
    valid &&= code <= (isBytes ? 0xff : 0x10ffff);
    return valid ? String.fromCodePoint(code) : '';
  });
  if (!valid || (!isBytes && /\p{Cs}/u.test(text))) {
    return null;
  }
  return Buffer.from(text, isBytes ? 'latin1' : 'utf8');
}

const PRINTED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/** What stands between the quotes of Python's `repr` of bytes: a single quote is escaped where there are both kinds. */
export function bytesRepr(bytes: Uint8Array): string {
  const both = bytes.includes(0x27) && bytes.includes(0x22);
  let text = '';
  for (const byte of bytes) {
    const printed = byte === 0x27 && both ? "\\'" : PRINTED[byte];
    const hex = () => `\\x${byte.toString(16).padStart(2, '0')}`;
    text += printed ?? (byte < 0x20 || byte > 0x7e ? hex() : String.fromCharCode(byte));
  }
  return text;
}
