/** Python's white space. Unlike JavaScript's, it includes ASCII's separators and excludes the byte order mark. */
export const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const SPACES = new RegExp(`^${SPACE}*$`);

export function isSpace(text: string): boolean {
  return SPACES.test(text);
}

/** Removes white space from the end. A regular expression anchored there would take quadratic time. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1] ?? '')) {
    end--;
  }
  return text.slice(0, end);
}

/** `repr` of a float. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  }
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${digits}e${exponentText(power)}`;
  }
  const text = String(value);
  return (Object.is(value, -0) ? '-' : '') + (text.includes('.') ? text : `${text}.0`);
}

/** The exponent with a sign and at least two digits. */
export function exponentText(power: number): string {
  return `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** A number with `digits` digits after the point, rounded half to even. */
export function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  if (Math.abs(value) >= 1e21 || digits > 70) {
    return text;
  }
  const exact = value.toFixed(digits + 30);
  const isTie = /^50*$/.test(exact.slice(exact.length - 30));
  const down = exact.slice(0, digits === 0 ? exact.indexOf('.') : exact.length - 30);
  return isTie && /[02468]$/.test(down) ? down : text;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** `repr` of a string. */
export function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\p{C}\p{Z}'"]/gu, (char) => {
    if (char === ' ' || char === '"' || char === "'") {
      return char === mark ? `\\${char}` : char;
    }
    const code = char.codePointAt(0) ?? 0;
    const [letter, width] = code > 0xffff ? ['U', 8] : code > 0xff ? ['u', 4] : ['x', 2];
    return ESCAPES[char] ?? `\\${letter}${code.toString(16).padStart(width, '0')}`;
  });
  return mark + escaped + mark;
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\n': '',
};

/** The form of each escape, for the message about one that has too few digits. */
const TRUNCATED: Readonly<Record<string, string>> = { x: '\\xXX', u: '\\uXXXX', U: '\\UXXXXXXXX' };
const ESCAPE = /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{1,3})|(.))/gis;

/** Replaces the escapes of a Python string literal. @param fail reports an invalid escape. */
export function unescapeString(text: string, fail: (message: string) => never): string {
  return text.replace(ESCAPE, (whole, x, u, long, octal, char) => {
    const hex: string | undefined = x ?? u ?? long;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : octal ? Number.parseInt(octal, 8) : null;
    if (code !== null) {
      return code <= 0x10ffff ? String.fromCodePoint(code) : fail('illegal Unicode character');
    }
    if (TRUNCATED[char]) {
      fail(`truncated ${TRUNCATED[char]} escape`);
    }
    return SIMPLE[char] ?? (/^[\\'"]$/.test(char) ? char : whole);
  });
}
