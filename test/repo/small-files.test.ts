import { JsonLimitError } from '#src/json.js';
import { MAX_JSON_DEPTH, SMALL_FILES } from '#src/limits.js';
import type { Repo } from '#src/repo/repo.js';
import { FileTooLargeError, SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from '../memory-repo.js';

/** A repository that says how large its files are, and counts how often each is read. */
function countingRepo(repo: Repo, sizes: Readonly<Record<string, number>> = {}) {
  const reads: string[] = [];
  const list = async () => [...(await repo.list()), ...Object.entries(sizes).map(([path, size]) => ({ path, size }))];
  const stream: Repo['stream'] = (path, signal) => {
    reads.push(path);
    return repo.stream(path, signal);
  };
  return { reads, repo: { ...repo, list, stream } };
}

test.each([
  ['config.json', 8_388_608],
  ['generation_config.json', 8_388_608],
  ['1_Pooling/config.json', 8_388_608],
  ['tokenizer_config.json', 50_331_648],
  ['tokenizer.json', 67_108_864],
  ['tokenizer.model', 50_331_648],
  ['model.safetensors.index.json', 67_108_864],
  ['README.md', 8_388_608],
  ['chat_template.jinja', 4_194_304],
  ['additional_chat_templates/rag.jinja', 4_194_304],
  ['merges.txt', 33_554_432],
])('a %s of more than %i bytes is refused before anything of it is read', async (path, limit) => {
  const { repo, reads } = countingRepo(memoryRepo({}), { [path]: limit + 1 });
  const failure = new SmallFiles(repo).bytes(path);
  await expect(failure).rejects.toThrow(FileTooLargeError);
  await expect(failure).rejects.toThrow(`${path} has ${limit + 1} bytes, more than the ${limit} that`);
  expect(reads).toEqual([]);
});

test('each file is read once, and its JSON parsed once', async () => {
  const { repo, reads } = countingRepo(memoryRepo({ 'config.json': '{"a": 1}' }));
  const files = new SmallFiles(repo);
  const first = await files.json('config.json');
  expect(await files.json('config.json')).toBe(first);
  expect(await files.text('config.json')).toBe('{"a": 1}');
  expect(reads).toEqual(['config.json']);
});

test('JSON with more values, or nested deeper, than its kind needs', async () => {
  const most = SMALL_FILES.at(-1)?.values ?? 0;
  const list = (length: number) => `{"a": [${new Array(length).fill('0').join(',')}]}`;
  const nested = (levels: number) => `{"a": ${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const files = new SmallFiles(
    memoryRepo({
      'just.json': list(most - 1),
      'many.json': list(most),
      'tokenizer.json': list(most),
      'high.json': nested(MAX_JSON_DEPTH - 1),
      'deep.json': nested(MAX_JSON_DEPTH),
    }),
  );
  expect((await files.json('just.json'))?.a).toHaveLength(most - 1);
  expect((await files.json('tokenizer.json'))?.a).toHaveLength(most);
  await expect(files.json('many.json')).rejects.toThrow(JsonLimitError);
  await expect(files.json('high.json')).resolves.toBeDefined();
  await expect(files.json('deep.json')).rejects.toThrow(JsonLimitError);
});
