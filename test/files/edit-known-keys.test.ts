import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { UsageError } from '#src/errors.js';
import { type EditEvent, type EditParams, type EditResult, edit } from '#src/files/edit.js';
import { finish } from '../calls/records.js';
import { run } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

let model = '';
beforeEach(async () => {
  model = join(tempFolder(), 'model.gguf');
  await finish(convert({ source: join(fixtures, 'Tiny-Verse-2M'), output: model, jobs: 1 }));
});

async function editModel(params: Omit<EditParams, 'source'>): Promise<{ result: EditResult; warnings: string[] }> {
  const warnings: string[] = [];
  const see = (event: EditEvent) =>
    event.event === 'warning' && warnings.push(event.next === undefined ? event.what : `${event.what} ${event.next}`);
  return { result: await finish(edit({ ...params, source: model }), see), warnings };
}

test.each([
  ['general.architecture=foo', /general\.architecture is "foo", which llama\.cpp does not know/],
  ['general.name=u32:5', /general\.name is 5 \(u32\), where a value of type string belongs/],
  ['tokenizer.ggml.eos_token_id=string:5', /eos_token_id is "5" \(string\)/],
  ['tokenizer.ggml.pre=none-such', /tokenizer\.ggml\.pre is "none-such", which llama\.cpp does not know/],
  ['llama.block_count=4', /no tensors of layer 3/],
  [
    'llama.embedding_length=128',
    /token_embd\.weight has the shape 256 × 1024, .* llama\.embedding_length .* 128 × 1024/,
  ],
  ['llama.attention.head_count_kv=u32[]:[2,2]', /has 2 entries, one a block, but llama\.block_count is 3/],
  ['llama.rope.scaling.type=spiral', /"spiral" \(string\), where one of none, linear, yarn, longrope belongs/],
])('%s is refused, but for --force', async (set, message) => {
  const before = readFileSync(model);
  await expect(editModel({ set: [set] })).rejects.toThrow(UsageError);
  await expect(editModel({ set: [set] })).rejects.toThrow(message);
  expect(readFileSync(model).equals(before)).toBe(true);
  const { warnings } = await editModel({ set: [set], force: true });
  expect(warnings).toContainEqual(expect.stringMatching(message));
  expect(readFileSync(model).equals(before)).toBe(false);
});

test('a key that is needed is not taken out', async () => {
  await expect(editModel({ remove: ['llama.context_length'] })).rejects.toThrow(/no llama\.context_length, which/);
});

test('what did not load before can be changed', async () => {
  await editModel({ set: ['llama.block_count=4', 'general.name=u32:5'], force: true });
  const { result } = await editModel({ set: ['llama.block_count=3'] });
  expect(result.changes).toHaveLength(1);
});

test.each([
  ['tokenizer.ggml.eos_token_id=999999', /999999 \(u32\), where one of the 1024 tokens of the vocabulary belongs/],
  ['general.basename=u32:3', /general\.basename is 3 \(u32\), where a value of type string belongs\./],
  ['general.nam=x', /general\.nam is a new key\. Did you mean general\.name\?/],
  ['llama.atention.head_count=4', /Did you mean llama\.attention\.head_count\?/],
])('%s is doubtful', async (set, message) => {
  const { result, warnings } = await editModel({ set: [set] });
  expect(warnings).toEqual([expect.stringMatching(message)]);
  expect(result.written).not.toBe('nothing');
});

test.each([
  'my.key=5',
  'general.name=Other',
  'llama.rope.freq_base=500000',
  'llama.attention.head_count_kv=u32[]:[2,2,2]',
])('%s is as it should be', async (set) => {
  expect((await editModel({ set: [set] })).warnings).toEqual([]);
});

test('--dry-run shows the changes, and writes nothing', async () => {
  const before = readFileSync(model);
  const { code, out } = await run(['edit', model, '--set', 'general.name=Other', '--dry-run']);
  expect(code).toBe(0);
  expect(out).toMatch(/general\.name .* Other/);
  expect(out).toMatch(/left as it is/);
  expect(readFileSync(model).equals(before)).toBe(true);
});
