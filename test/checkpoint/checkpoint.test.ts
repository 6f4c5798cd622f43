import { openCheckpoint } from '#src/checkpoint/checkpoint.js';
import { Hf2ggufError } from '#src/errors.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from '../memory-repo.js';

type Entry = { dtype: string; shape: unknown; data_offsets: unknown };

const entry = (dtype: string, shape: number[], begin: number, end: number): Entry => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

/** A safetensors file of a header (an object, or JSON as it stands) and `size` bytes of data. */
function safetensors(header: unknown, size: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(size)]);
}

const open = (files: Record<string, string | Uint8Array>) => openCheckpoint(new SmallFiles(memoryRepo(files)));

async function failure(files: Record<string, string | Uint8Array>): Promise<Hf2ggufError> {
  const error = await open(files).then(
    () => null,
    (e: unknown) => e,
  );
  if (!(error instanceof Hf2ggufError)) {
    throw new Error(`Expected one of our errors, got ${String(error)}`);
  }
  return error;
}

test('tensors come shard by shard, sorted by name within each, with their place in the file', async () => {
  const first = safetensors(
    { __metadata__: { format: 'pt' }, z: entry('BF16', [2, 3], 0, 12), a: entry('F32', [1], 12, 16) },
    16,
  );
  const second = safetensors({ b: entry('F16', [], 0, 2) }, 2);
  const tensors = await open({
    'model-00002-of-00002.safetensors': second,
    'model-00001-of-00002.safetensors': first,
    'model.safetensors.index.json': JSON.stringify({
      weight_map: {
        b: 'model-00002-of-00002.safetensors',
        a: 'model-00001-of-00002.safetensors',
        z: 'model-00001-of-00002.safetensors',
      },
    }),
  });
  expect(tensors.raw.map(({ name }) => name)).toEqual(['a', 'z', 'b']);
  expect(tensors.raw[1]?.expr).toEqual({
    op: 'source',
    name: 'z',
    file: 'model-00001-of-00002.safetensors',
    offset: first.length - 16,
    dtype: 'BF16',
    shape: [2, 3],
  });
});

const good = entry('F32', [4], 0, 16);
const broken: [string, Record<string, string | Uint8Array>, string, RegExp][] = [
  [
    'no weights',
    { 'config.json': '{}' },
    'MissingWeightsError',
    /no model\*\.safetensors or pytorch_model\*\.bin file/,
  ],
  ['no file of PyTorch', { 'pytorch_model.bin': 'x' }, 'MalformedPickleError', /neither a zip archive nor a pickle/],
  [
    'an LFS pointer in place of a pickle',
    { 'pytorch_model.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n' },
    'LfsPointerError',
    /pytorch_model\.bin is a Git LFS pointer/,
  ],
  [
    'an index of pickles that are missing',
    { 'pytorch_model.bin.index.json': JSON.stringify({ weight_map: { a: 'pytorch_model-1.bin' } }) },
    'ShardIndexError',
    /pytorch_model\.bin\.index\.json names pytorch_model-1\.bin, which the repository does not hold/,
  ],
  [
    'an LFS pointer',
    { 'model.safetensors': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n' },
    'LfsPointerError',
    /Git LFS pointer.*git lfs pull/,
  ],
  ['a short file', { 'model.safetensors': 'abc' }, 'NotSafetensorsError', /3 bytes: not a safetensors file/],
  ['another file', { 'model.safetensors': '<!DOCTYPE html><html></html>' }, 'NotSafetensorsError', /not a safetensors/],
  [
    'an absurd header',
    { 'model.safetensors': Buffer.concat([Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]), Buffer.from('{}')]) },
    'HeaderTooLargeError',
    /header of 4294967295 bytes/,
  ],
  [
    'a file cut in its header',
    { 'model.safetensors': safetensors({ a: good }, 16).subarray(0, 30) },
    'TruncatedFileError',
    /ends within its header/,
  ],
  [
    'a file cut in its data',
    { 'model.safetensors': safetensors({ a: good }, 15) },
    'TruncatedFileError',
    /Tensor a in model\.safetensors ends at byte/,
  ],
  [
    'broken JSON',
    { 'model.safetensors': safetensors('{"a":', 0) },
    'MalformedJsonError',
    /header of model\.safetensors/,
  ],
  [
    'an unknown dtype',
    { 'model.safetensors': safetensors({ a: { ...good, dtype: 'F12' } }, 16) },
    'UnknownDTypeError',
    /unknown dtype "F12"/,
  ],
  [
    'a dtype that is a property of every object',
    { 'model.safetensors': safetensors({ a: { ...good, dtype: 'constructor' } }, 16) },
    'UnknownDTypeError',
    /unknown dtype "constructor"/,
  ],
  [
    'a shape that overflows',
    { 'model.safetensors': safetensors({ a: { ...good, shape: [2 ** 52, 2 ** 52] } }, 16) },
    'BadTensorEntryError',
    /size overflows/,
  ],
  [
    'a negative dimension',
    { 'model.safetensors': safetensors({ a: { ...good, shape: [-4] } }, 16) },
    'BadTensorEntryError',
    /no valid shape/,
  ],
  [
    'a size that contradicts the shape',
    { 'model.safetensors': safetensors({ a: { ...good, shape: [5] } }, 20) },
    'BadTensorEntryError',
    /takes 16 bytes, but F32 \[5\] needs 20/,
  ],
  [
    'offsets of the wrong form',
    { 'model.safetensors': safetensors({ a: { ...good, data_offsets: [0, 8, 16] } }, 16) },
    'BadTensorEntryError',
    /no valid data_offsets/,
  ],
  [
    'tensors that overlap',
    { 'model.safetensors': safetensors({ a: good, b: entry('F32', [4], 8, 24) }, 24) },
    'OverlappingTensorsError',
    /a and b share bytes/,
  ],
  [
    'a name given twice in one file',
    { 'model.safetensors': safetensors(`{"a":${JSON.stringify(good)},"a":${JSON.stringify(good)}}`, 16) },
    'BadTensorEntryError',
    /names a tensor twice/,
  ],
  [
    'a tensor in two files',
    { 'model-1.safetensors': safetensors({ a: good }, 16), 'model-2.safetensors': safetensors({ a: good }, 16) },
    'DuplicateTensorError',
    /a is in both model-1\.safetensors and model-2\.safetensors/,
  ],
  [
    'an index that names a missing file',
    { 'model.safetensors.index.json': JSON.stringify({ weight_map: { a: 'gone.safetensors' } }) },
    'ShardIndexError',
    /gone\.safetensors, which the repository does not hold/,
  ],
  [
    'an index that misplaces a tensor',
    {
      'model.safetensors': safetensors({ a: good }, 16),
      'model.safetensors.index.json': JSON.stringify({
        weight_map: { a: 'model.safetensors', b: 'model.safetensors' },
      }),
    },
    'ShardIndexError',
    /holds tensor b, but it does not/,
  ],
  [
    'an index that leaves a tensor out',
    {
      'model.safetensors': safetensors({ a: good, b: entry('F32', [4], 16, 32) }, 32),
      'model.safetensors.index.json': JSON.stringify({ weight_map: { a: 'model.safetensors' } }),
    },
    'ShardIndexError',
    /does not name tensor b/,
  ],
];

test.each(broken)('%s: an error of its own, with what to do', async (_, files, name, sentence) => {
  const error = await failure(files);
  expect(error.name).toBe(name);
  expect(error.message).toMatch(sentence);
  expect(error.exitCode).toBe(4);
  expect(error.next).not.toBe('');
});

test('without an index, the names of the shards say how many there are', async () => {
  const shard = (number: number, name: string) => ({
    [`model-0000${number}-of-00003.safetensors`]: safetensors({ [name]: entry('F32', [1], 0, 4) }, 4),
  });
  const whole = { ...shard(1, 'a'), ...shard(2, 'b'), ...shard(3, 'c') };
  expect((await open(whole)).raw).toHaveLength(3);
  const error = await failure({ ...shard(1, 'a'), ...shard(3, 'c') });
  expect(error.exitCode).toBe(4);
  expect(error.message).toMatch(/3 parts\. Missing: model-00002-of-00003\.safetensors/);
});
