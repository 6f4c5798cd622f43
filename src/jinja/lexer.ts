import { TemplateSyntaxError } from './errors.js';
import { isSpace, trimEnd } from './text.js';

export interface Token {
  /** `data`, `name`, `string`, `integer`, `float`, `eof`, a tag's begin or end, or an operator as it is written. */
  readonly type: string;
  readonly value: string;
  readonly line: number;
}

const TAG = /\{[%#{]/g;
const RAW = /\{%([-+]?)\s*raw\s*(?:-%\}\s*|%\})/y;
const END_RAW = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const COMMENT_END = /\+#\}|-#\}\s*|#\}\n?/g;
// A line feed directly behind a block belongs to the block (trim_blocks).
const ENDS = { block: /\+%\}|-%\}\s*|%\}\n?/y, variable: /-\}\}\s*|\}\}/y };
const TOKENS: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['space', /\s+/y],
  ['float', /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy],
  ['integer', /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
  ['name', /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy],
  ['string', /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy],
  ['operator', /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y],
];
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * Yields the tokens of a template, with transformers' settings: white space before a block on its line is dropped, and
 * so is the line feed behind the block. Tokens are made when the parser asks for them, so that the first error in the
 * text is reported first.
 * @throws TemplateSyntaxError
 */
export function* tokenize(template: string): Generator<Token, void> {
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  let at = 0;
  let line = 1;
  let lineStarts = true;
  const pass = (to: number) => {
    for (; at < to; at++) {
      line += source[at] === '\n' ? 1 : 0;
    }
  };
  const matched = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from;
    return pattern.exec(source);
  };
  const textBefore = (end: number, sign: string, isBlock: boolean): string => {
    const text = source.slice(at, end);
    if (sign === '-') {
      return trimEnd(text);
    }
    const from = text.lastIndexOf('\n') + 1;
    const strips = sign !== '+' && isBlock && (from > 0 || lineStarts) && isSpace(text.slice(from));
    return strips ? text.slice(0, from) : text;
  };
  const fail = (message: string): never => {
    throw new TemplateSyntaxError(message, line);
  };

  function* code(kind: keyof typeof ENDS): Generator<Token, void> {
    const open: string[] = [];
    for (;;) {
      const end = open.length === 0 ? matched(ENDS[kind], at) : null;
      if (end) {
        yield { type: `${kind}_end`, value: end[0], line };
        pass(at + end[0].length);
        lineStarts = end[0].endsWith('\n');
        return;
      }
      if (at >= source.length) {
        return;
      }
      const found = TOKENS.map(([type, pattern]) => [type, matched(pattern, at)?.[0]] as const).find(
        ([, text]) => text !== undefined,
      );
      const [type = '', text = ''] = found ?? fail(`unexpected char ${quoted(source, at)} at ${at}`);
      if (type === 'operator') {
        balance(open, text);
        yield { type: text, value: text, line };
      } else if (type !== 'space') {
        yield { type, value: text, line };
      }
      pass(at + text.length);
    }
  }
  function balance(open: string[], text: string): void {
    const closing = CLOSING[text];
    if (closing) {
      open.push(closing);
    } else if (')]}'.includes(text)) {
      const expected = open.pop() ?? fail(`unexpected '${text}'`);
      if (expected !== text) {
        fail(`unexpected '${text}', expected '${expected}'`);
      }
    }
  }

  while (at < source.length) {
    const tag = matched(TAG, at);
    if (!tag) {
      yield { type: 'data', value: source.slice(at), line };
      pass(source.length);
      break;
    }
    const raw = matched(RAW, tag.index);
    const sign = raw ? (raw[1] ?? '') : (/^[-+]/.exec(source.slice(tag.index + 2, tag.index + 3))?.[0] ?? '');
    const text = textBefore(tag.index, sign, tag[0] !== '{{');
    if (text !== '') {
      yield { type: 'data', value: text, line };
    }
    pass(tag.index + (raw ? raw[0].length : 2 + sign.length));
    lineStarts = raw?.[0].endsWith('\n') ?? false;
    if (raw) {
      const end = matched(END_RAW, at) ?? fail('Missing end of raw directive');
      yield { type: 'data', value: textBefore(end.index, end[1] ?? '', true), line };
      pass(end.index + end[0].length);
      lineStarts = end[0].endsWith('\n');
    } else if (tag[0] === '{#') {
      const end = matched(COMMENT_END, at) ?? fail('Missing end of comment tag');
      pass(end.index + end[0].length);
      lineStarts = end[0].endsWith('\n');
    } else {
      const kind = tag[0] === '{%' ? 'block' : 'variable';
      yield { type: `${kind}_begin`, value: tag[0], line };
      yield* code(kind);
    }
  }
  yield { type: 'eof', value: '', line };
}

function quoted(source: string, at: number): string {
  const char = String.fromCodePoint(source.codePointAt(at) ?? 0);
  return char === "'" ? `"'"` : `'${char === '\\' ? '\\\\' : char}'`;
}
