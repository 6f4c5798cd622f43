import { join } from 'node:path';
import { FileOfRepoError, HubKindError, NotASourceError } from '#src/repo/errors.js';
import { namesGguf, namesModel, openRepo } from '#src/repo/open.js';
import { resolveSource } from '#src/repo/source-name.js';
import { tempFolder, writeFiles } from './kit.js';

const SHA = 'a'.repeat(40);

test("a mirror's pages may be in a folder", async () => {
  const found = await resolveSource('https://mirror.example/hub/org/model/tree/v1', 'https://mirror.example/hub');
  expect(found).toMatchObject({ repo: 'org/model', revision: 'v1' });
});

describe('a model on the Hub, however it is named', () => {
  test.each<[string, { repo?: string; revision?: string; file?: string }]>([
    ['gpt2', { repo: 'gpt2' }],
    ['org/model', {}],
    ['org/model@v1', { revision: 'v1' }],
    ['org/model@refs/pr/1', { revision: 'refs/pr/1' }],
    ['org/model:a.gguf', { file: 'a.gguf' }],
    ['org/model@v1:sub/a.gguf', { revision: 'v1', file: 'sub/a.gguf' }],
    ['org/model:Q4_K_M', { file: 'Q4_K_M' }],
    ['https://huggingface.co/org/model', {}],
    ['https://huggingface.co/org/model/', {}],
    ['http://www.huggingface.co/org/model?library=transformers#files', {}],
    ['https://huggingface.co/gpt2', { repo: 'gpt2' }],
    ['https://huggingface.co/gpt2/tree/main', { repo: 'gpt2', revision: 'main' }],
    ['https://huggingface.co/org/model/tree/v1', { revision: 'v1' }],
    ['https://huggingface.co/org/model/tree/refs%2Fpr%2F1', { revision: 'refs/pr/1' }],
    ['https://huggingface.co/org/model/tree/refs/pr/1', { revision: 'refs/pr/1' }],
    [`https://huggingface.co/org/model/commit/${SHA}`, { revision: SHA }],
    ['https://huggingface.co/org/model/blob/main/sub/a.gguf', { revision: 'main', file: 'sub/a.gguf' }],
    ['https://huggingface.co/org/model/resolve/main/a%20b.gguf?download=true', { revision: 'main', file: 'a b.gguf' }],
    ['https://huggingface.co/org/model/discussions/5', {}],
    ['https://hub.example/org/model/blob/v1/a.gguf', { revision: 'v1', file: 'a.gguf' }],
    ['huggingface.co/org/model', {}],
    ['hf.co/org/model:Q4_K_M', { file: 'Q4_K_M' }],
    ['hf://org/model', {}],
    ['hf://org/model@v1/sub/a.gguf', { revision: 'v1', file: 'sub/a.gguf' }],
  ])('%s', async (source, named) => {
    const found = await resolveSource(source, 'https://hub.example');
    expect(found).toEqual({ at: 'hub', repo: 'org/model', revision: undefined, file: undefined, ...named });
  });
});

test.each([
  ['https://example.com/org/model', NotASourceError, /is no address at the Hub's host/],
  ['ftp://huggingface.co/org/model', NotASourceError, /is no address at the Hub's host/],
  ['https://huggingface.co.example.com/org/model', NotASourceError, /is no address at the Hub's host/],
  ['https://huggingface.co/%E0%A4%A', NotASourceError, /can be read/],
  ['https://huggingface.co/', NotASourceError, /neither a path/],
  ['https://huggingface.co/org/model/tree/main/sub', NotASourceError, /is the folder sub in org\/model/],
  ['https://huggingface.co/datasets/org/name', HubKindError, /is a dataset on the Hub, and no model/],
  ['hf://spaces/org/name', HubKindError, /is a Space on the Hub, and no model/],
  ['datasets/org/name', HubKindError, /is a dataset/],
  ['org/model@../x', NotASourceError, /can't be a revision/],
])('%s is no model: it is said', async (source, kind, sentence) => {
  const error = await resolveSource(source).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).message).toMatch(sentence);
});

test('a secret in an address is not repeated', async () => {
  await expect(resolveSource('https://user:secret@example.com/org/model')).rejects.not.toThrow(/secret/);
});

test('a path that exists wins; what ends in .gguf is a path; both are known from names alone', async () => {
  const root = tempFolder();
  writeFiles(root, { 'model.gguf': 'x', 'folder/config.json': '{}' });
  expect(await resolveSource(join(root, 'folder'))).toMatchObject({ at: 'path', kind: 'folder' });
  expect(await resolveSource('nosuch.gguf')).toMatchObject({ at: 'path', kind: 'nothing' });
  expect(await resolveSource('org/nosuch.gguf')).toMatchObject({ at: 'path', kind: 'nothing' });
  for (const [source, isGguf, isModel] of [
    [join(root, 'model.gguf'), true, false],
    [join(root, 'folder'), false, true],
    ['nosuch.gguf', true, false],
    ['org/model', false, true],
    ['gpt2', false, false],
    ['org/model:Q8_0', true, false],
  ] as const) {
    expect([source, await namesGguf(source), await namesModel(source)]).toEqual([source, isGguf, isModel]);
  }
});

test('a file of a repository is no repository', async () => {
  await expect(openRepo('https://huggingface.co/org/model/blob/main/config.json')).rejects.toThrow(FileOfRepoError);
});

test("a model's folder in the Hub's cache is its snapshot", async () => {
  const [first, second] = ['1'.repeat(40), '2'.repeat(40)];
  const root = join(tempFolder(), 'models--org--model');
  writeFiles(root, { [`snapshots/${first}/config.json`]: '{}' });
  const repo = await openRepo(root);
  expect([repo.name, repo.revision]).toEqual(['model', first]);
  expect(await repo.list()).toMatchObject([{ path: 'config.json', size: 2 }]);
  writeFiles(root, { [`snapshots/${second}/config.json`]: '{}' });
  await expect(openRepo(root)).rejects.toThrow(`holds 2 revisions of a model. Give one: ${root}/snapshots/${first}`);
  writeFiles(root, { 'refs/main': second });
  expect((await openRepo(root)).revision).toBe(second);
});
