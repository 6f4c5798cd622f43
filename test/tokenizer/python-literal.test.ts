import { bytesRepr, parseLiteral } from '#src/tokenizer/python-literal.js';

/** What Python 3.11's `ast.literal_eval` and `repr` give. */
const LITERALS: readonly (readonly [literal: string, bytes: readonly number[], repr: string])[] = [
  [String.raw`'\n'`, [10], String.raw`\n`],
  [String.raw`b'\xff\x00'`, [255, 0], String.raw`\xff\x00`],
  [String.raw`"it\'s"`, [105, 116, 39, 115], "it's"],
  [String.raw`'\u00e9'`, [195, 169], String.raw`\xc3\xa9`],
  [String.raw`'\U0001f600'`, [240, 159, 152, 128], String.raw`\xf0\x9f\x98\x80`],
  [String.raw`b'\\x'`, [92, 120], String.raw`\\x`],
  [String.raw`'a\qb'`, [97, 92, 113, 98], String.raw`a\\qb`],
  [String.raw`'\x41\101'`, [65, 65], 'AA'],
  [String.raw`b'\u0041'`, [92, 117, 48, 48, 52, 49], String.raw`\\u0041`],
  [String.raw`'\'"'`, [39, 34], String.raw`\'"`],
  [String.raw`b'\t\n\r\\ \x7f\xe9'`, [9, 10, 13, 92, 32, 127, 233], String.raw`\t\n\r\\ \x7f\xe9`],
];

test.each(LITERALS)('%s', (literal, bytes, repr) => {
  expect(Array.from(parseLiteral(literal) ?? [])).toEqual(bytes);
  expect(bytesRepr(Uint8Array.from(bytes))).toBe(repr);
});

test.each(['', 'a', "'a", "'a' 'b'", "'\\x4'", "'\\N{DIGIT ONE}'", "b'é'", "'\\ud800'", "u'a'", '1'])(
  '%j is no literal of a text or of bytes that is read',
  (literal) => {
    expect(parseLiteral(literal)).toBeNull();
  },
);
