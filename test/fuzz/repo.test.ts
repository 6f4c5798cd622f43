import { join } from 'node:path';
import { tempFolder } from '../temp.js';
import { attemptRepo } from './repo-attempt.js';

/** `npm run fuzz:repo` does the same for longer. */
test('hostile repositories end with a result or an error in words, and leave nothing', async () => {
  const folder = tempFolder();
  const seeds = Array.from({ length: 20 }, (_, i) => i);
  const findings: string[] = [];
  const work = async (own: string): Promise<void> => {
    for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) {
      const attempt = await attemptRepo(own, seed, 0);
      findings.push(...attempt.findings.map((finding) => `seed ${seed}: ${finding} (${attempt.what})`));
    }
  };
  await Promise.all(['a', 'b'].map((own) => work(join(folder, own))));
  expect(findings).toEqual([]);
});
