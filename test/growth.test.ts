import { openCheckpoint } from '#src/checkpoint/checkpoint.js';
import type { AddedToken } from '#src/hf-tokenizer/added-token.js';
import { addedTokenFinder } from '#src/hf-tokenizer/find-added-tokens.js';
import { TokenList } from '#src/hf-tokenizer/token-list.js';
import { compareCodePoints } from '#src/repo/paths.js';
import type { RepoFile } from '#src/repo/repo.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from './memory-repo.js';

/** Steps are counted, because times depend on the machine: how often readers ask for what a file holds. */

/** Four times as much input may take four times as many steps, and a few more. */
async function expectLinear(steps: (size: number) => number | Promise<number>): Promise<void> {
  const [few, many] = [await steps(100), await steps(400)];
  expect(few).toBeGreaterThanOrEqual(100);
  expect(many / few).toBeLessThan(4.5);
}

/** A safetensors file with one empty tensor. */
function shard(name: string): Uint8Array {
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape: [0], data_offsets: [0, 0] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

test.each([true, false])('shards, with an index: %j', (hasIndex) =>
  expectLinear(async (size) => {
    const name = (i: number) =>
      `model-${String(i + 1).padStart(5, '0')}-of-${String(size).padStart(5, '0')}.safetensors`;
    const shards = Array.from({ length: size }, (_, i) => [name(i), shard(`t${i}`)] as const);
    const index = { weight_map: Object.fromEntries(shards.map((_, i) => [`t${i}`, name(i)])) };
    const repo = memoryRepo({
      ...Object.fromEntries(shards),
      ...(hasIndex && { 'model.safetensors.index.json': JSON.stringify(index) }),
    });
    let steps = 0;
    const listing = (await repo.list()).map(
      ({ path, size }): RepoFile => ({
        size,
        get path() {
          steps++;
          return path;
        },
      }),
    );
    const { raw } = await openCheckpoint(new SmallFiles({ ...repo, list: async () => listing }));
    expect(raw).toHaveLength(size);
    return steps;
  }),
);

/** Tokens that count how often their texts are asked for. */
function tokens(size: number, count: () => void): AddedToken[] {
  const flags = { singleWord: false, lstrip: false, rstrip: false, normalized: true, special: false };
  return Array.from({ length: size }, (_, i) => ({
    ...flags,
    get content() {
      count();
      return `<${i}>`;
    },
  }));
}

test('added tokens, those that are there already included', () =>
  expectLinear((size) => {
    let steps = 0;
    const count = () => {
      steps++;
    };
    const list = new TokenList({ size: 10, idOf: () => void count(), tokenOf: () => undefined });
    list.add(tokens(size, count));
    list.add(tokens(size, count));
    expect(list.size).toBe(size + 10);
    const find = addedTokenFinder(list, (text) => {
      count();
      return text;
    });
    expect(find('a<7>')).toEqual(['a', 17]);
    return steps;
  }));

test('names in code point order: the order of their bytes', () => {
  const names = [
    '',
    'a',
    'ab',
    'b',
    '\u00e9',
    '\uffff',
    '\ue000',
    '\ud83d\ude00',
    '\ud83d\ude00a',
    '\ud7ff',
    'a\u{10000}',
  ];
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...names].sort(compareCodePoints)).toEqual(byBytes);
});
