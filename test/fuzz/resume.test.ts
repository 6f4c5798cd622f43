import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../paths.js';

// `npm run fuzz:resume` runs 100 of them.
test('runs that are killed and started again end with the files of an undisturbed run, and leave nothing', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'out/test/fuzz/resume.js'), '5', '1'], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  expect(stderr).toBe('');
  expect(stdout).toContain(' 0 findings');
  expect(status).toBe(0);
}, 300_000);
