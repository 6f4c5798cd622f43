import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import { fixtures } from '../paths.js';

test('adapters that are a part of the model are left out, which is said', async () => {
  const warnings: string[] = [];
  const source = join(fixtures, 'corpus/jina-bert-v3/source/Tiny-jina-embeddings-v3');
  await plan({ source }, (event) => event.event === 'warning' && warnings.push(event.what));
  expect(warnings).toContainEqual(expect.stringContaining('adapters for tasks are not written'));
});
