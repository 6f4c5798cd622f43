import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from './quantize/vectors.js';

const COMPILER = 'aarch64-linux-gnu-g++';
const EMULATOR = 'qemu-aarch64';

const missing = [COMPILER, EMULATOR, 'cmake'].filter((name) => spawnSync(name, ['--version']).status !== 0);

/**
 * Tests of what is compiled for 64-bit ARM, under qemu: `define` takes a function that sends requests to `program`, one
 * of native/pipe/. Skipped, with the reason in the title, where the tools are missing.
 */
export function describeOnArm(name: string, program: string, define: (ask: Ask) => void): void {
  const folder = join(REPOSITORY, 'out/arm', program);
  const title = missing.length === 0 ? `${name} under qemu` : `${name} (skipped: not installed: ${missing.join(', ')})`;
  (missing.length === 0 ? describe : describe.skip)(title, () => {
    beforeAll(() => build(program, folder), 600_000);
    define((requests) => {
      const input = Buffer.concat(requests);
      const { status, stdout, stderr } = spawnSync(EMULATOR, [join(folder, program)], { input, maxBuffer: 2 ** 30 });
      if (status !== 0) throw new Error(`${program}: ${stderr}`);
      return stdout;
    });
  });
}

export type Ask = (requests: readonly Uint8Array[]) => Buffer;

function build(program: string, folder: string): void {
  const configure = ['-S', REPOSITORY, '-B', folder, '-DHF2GGUF_PIPE=ON', `-DCMAKE_CXX_COMPILER=${COMPILER}`];
  configure.push('-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64');
  for (const args of [configure, ['--build', folder, '--target', program]]) {
    const { status, stdout, stderr } = spawnSync('cmake', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`cmake ${args.join(' ')}:\n${stdout}\n${stderr}`);
  }
}
