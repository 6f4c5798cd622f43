import { join } from 'node:path';
import { openFile } from '#src/repo/open-file.js';
import { IMATRIX_FILE } from '#src/runner/imatrix/kind.js';
import { byteSource } from '../gguf/byte-file.js';
import { modelBytes } from '../output/operations.js';
import { fixtures } from '../paths.js';
import { int32, legacy, legacyEntry, sized } from '../quantize/imatrix/kit.js';

test.each<[string, boolean]>([
  ['imatrix/imatrix.dat', true],
  ['imatrix/imatrix.gguf', true],
  ['Tiny-Verse-2M/config.json', false],
  ['Tiny-Verse-2M/model.safetensors', false],
  ['Tiny-Verse-2M.expected/eval.txt', false],
])('%s: %s', async (name, expected) => {
  const file = await openFile(join(fixtures, name));
  expect(await IMATRIX_FILE.matches(file)).toBe(expected);
  await file.close();
});

test.each<[string, Buffer, boolean]>([
  ['a model', modelBytes(), false],
  ['a broken GGUF file', Buffer.from('GGUF, perhaps'), false],
  ['one entry of the format before GGUF', legacy([legacyEntry('blk.0.ffn_up.weight', 1, 1, 2)]), true],
  ['an entry without a name', legacy([legacyEntry('', 1, 1, 2)]), false],
  ['an entry that the file is too short for', legacy([sized('a'), int32(1), int32(1000)]), false],
  ['no entries', legacy([]), false],
  ['zeros', Buffer.alloc(4096), false],
  ['nothing', Buffer.alloc(0), false],
])('%s', async (_, bytes, expected) => {
  expect(await IMATRIX_FILE.matches(byteSource(bytes).source)).toBe(expected);
});
