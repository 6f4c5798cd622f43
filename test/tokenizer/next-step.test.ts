import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import { TinyCopy } from '../calls/tiny-copy.js';

test('vocab.json and merges.txt alone: what writes a tokenizer.json of them', async () => {
  const { folder } = new TinyCopy();
  renameSync(join(folder, 'tokenizer.json'), join(folder, 'vocab.json'));
  await expect(plan({ source: folder })).rejects.toMatchObject({
    exitCode: 3,
    next: expect.stringContaining('AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)'),
  });
});
