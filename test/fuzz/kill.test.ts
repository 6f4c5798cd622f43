import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../paths.js';

// `npm run fuzz:kill` runs 200 of them.

test('commands that are killed at random moments leave whole files, and what the next run clears', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'out/test/fuzz/kill.js'), '10', '1'], {
    encoding: 'utf8',
  });
  expect(stderr + stdout).toMatch(/^seed 1\n10 kills: 0 findings; \d+ files were left by SIGKILL and cleared\n$/);
  expect(status).toBe(0);
}, 120_000);
