import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../paths.js';

// `npm run fuzz:gguf` runs 100,000 of them, `npm run fuzz:native` the native part under sanitizers.

test('corrupted GGUF files end in typed errors, and no process dies or hangs', () => {
  const args = [join(root, 'out/test/fuzz/gguf.js'), '--count', '3000', '--seed', '6'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr + stdout).toMatch(/3000 mutations: 0 findings\n$/);
  // Many must come to an end without an error, else little is tested.
  const times = (use: string) => Number(new RegExp(`\\b${use} (\\d+)`).exec(stdout)?.[1]);
  expect(times('run')).toBeGreaterThan(200);
  for (const use of ['check', 'generate', 'merge', 'weigh']) {
    expect(times(use)).toBeGreaterThan(5);
  }
  expect(status).toBe(0);
});
