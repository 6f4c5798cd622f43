import { spawnSync } from 'node:child_process';
import { root } from '../paths.js';

/** A row so long that what the kernels need for it is more than the limit leaves. */
const script = `
  import { spawnSync } from 'node:child_process';
  import { readFileSync } from 'node:fs';
  import { quantizeRows } from '${new URL(`file://${root}dist/quantize/native.js`)}';
  const columns = 2 ** 24;
  const params = { type: 'Q8_0', sourceType: 'F32', via: 'F32', rows: 1, columns, weights: new Float32Array(columns) };
  const [source, target] = [new Uint8Array(columns * 4), new Uint8Array((columns / 32) * 34)];
  // The addon is loaded while there is room for it.
  const small = { columns: 32, weights: new Float32Array(32), source: new Uint8Array(128), target: new Uint8Array(34) };
  quantizeRows({ ...params, ...small });
  const size = 1024 * Number(/VmSize:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  const limit = ['--pid', String(process.pid), '--as=' + (size + 3 * 2 ** 24)];
  if (spawnSync('prlimit', limit).status !== 0) {
    console.log('no prlimit');
  } else {
    try {
      quantizeRows({ ...params, source, target });
      console.log('quantized');
    } catch (error) {
      console.log(error.name, error.exitCode, error.what);
    }
  }
`;

test('memory that native code does not get is an error with exit code 6 that names the bytes', () => {
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (stdout === 'no prlimit\n') {
    console.warn('Not tested: limiting the memory of a process needs prlimit of util-linux.');
    return;
  }
  const bytes = 2 ** 26 + 2 ** 19 * 34;
  expect(stdout).toBe(`NativeMemoryError 6 The system has no memory left to work on ${bytes} bytes of data.\n`);
  expect(signal).toBeNull();
});
