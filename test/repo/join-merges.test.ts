import { joinMerges } from '#src/repo/join-merges.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from '../memory-repo.js';

const PAIRS = [
  ['a', 'b'],
  ['"', '\\'],
  ['é', '▁中'],
  ['\u001b', '['],
  ['\ud83d\ude00', 'x'],
  ['', 'c'],
  [']', ','],
];
/** Pairs that are not what the same texts with a space between them are. */
const OTHERS = [
  ['a b', 'c'],
  ['a', ' '],
  ['#version', '0.2'],
];

function tokenizer(merges: unknown): object {
  return { merges: 1, model: { vocab: { merges: 0, '"merges":[["a","b"]]': 1 }, merges }, after: ['a', 'b'] };
}

function joined(text: string): unknown {
  return JSON.parse(Buffer.from(joinMerges(Buffer.from(text))).toString());
}

test.each([
  ['close together', 0],
  ['indented', 2],
])('merges are joined, those that would mean something else are not: %s', (_, indent) => {
  const text = JSON.stringify(tokenizer([...PAIRS, ...OTHERS]), null, indent);
  expect(joined(text)).toEqual(tokenizer([...PAIRS.map((pair) => pair.join(' ')), ...OTHERS]));
});

test('an escaped space stays in its part', () => {
  const text = String.raw`{"merges": [["a\u0020b", "c"], ["\u00e9", "c"]]}`;
  expect(joined(text)).toEqual({ merges: [['a b', 'c'], 'é c'] });
});

test.each([
  ['texts', ['a b', 'c d']],
  ['numbers', [1, ['a', 'b']]],
  ['three parts', [['a', 'b', 'c']]],
  ['no list', 'a b'],
  ['an empty list', []],
])('what is no list of pairs stays: %s', (_, merges) => {
  expect(joined(JSON.stringify(tokenizer(merges)))).toEqual(tokenizer(merges));
});

test.each([
  '{"model": {"merges": [["a", "b"], ["c", "d"], x',
  '{"model": {"merges": [["a", "b"], ["c", "d',
  '{"model": {"merges": [["a", "b"]]}, x',
  '{"merges":',
])('an error tells the place in the file: %s', async (text) => {
  const parse = () => JSON.parse(text);
  const files = new SmallFiles(memoryRepo({ 'tokenizer.json': text }));
  const { message } = (await files.json('tokenizer.json').catch((error: Error) => error as Error)) as Error;
  const place = /JSON: (.*)\. Download/s.exec(message)?.[1] ?? 'none';
  expect(parse).toThrow(place);
});
