import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { diff } from '#src/files/diff.js';
import { merge } from '#src/files/merge.js';
import { split } from '#src/files/split.js';
import { finish, sha256 } from '../calls/records.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const environment = { ...process.env };
let hub: LoopbackHub | undefined;

beforeEach(() => {
  process.env.HF_HOME = tempFolder();
  process.env.HF_HUB_DOWNLOAD_TIMEOUT = '1';
  delete process.env.HF_TOKEN;
  delete process.env.HF_HUB_OFFLINE;
});

afterEach(async () => {
  process.env = { ...environment };
  await hub?.close();
});

test('parts on a faulty Hub are merged and compared by ranges, without a copy of them', async () => {
  const root = tempFolder();
  const folder = tempFolder();
  const whole = join(folder, 'tiny.gguf');
  await finish(convert({ source: join(fixtures, 'Tiny-Verse-2M'), quant: 'q4_k_m', output: whole }));
  await finish(split({ source: whole, splitMaxTensors: 5, output: join(root, 'org/tiny-GGUF/q4/part') }));
  writeFileSync(join(root, 'org/tiny-GGUF/README.md'), '');
  hub = await startHub(root, { faultEvery: 9, retryAfter: 0 });
  const { endpoint } = hub;
  const source = 'org/tiny-GGUF:q4/part-00001-of-00006.gguf';

  await finish(merge({ source, endpoint, output: folder }));
  const { splits } = JSON.parse(readFileSync(join(fixtures, 'gguf/splits.json'), 'utf8'));
  expect(sha256(join(folder, 'part.gguf'))).toBe(splits[0].merged);

  const { kv, tensors } = await finish(diff({ a: source, b: whole, endpoint }));
  expect(kv.map(({ key }) => key)).toEqual(['split.no', 'split.tensors.count', 'split.count']);
  expect(tensors).toEqual([]);
  expect(hub.seen.filter(({ path }) => path.endsWith('.gguf')).every(({ range }) => range !== null)).toBe(true);
});
