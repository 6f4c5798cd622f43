import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { GGML_TYPES, rowBytes } from '#src/gguf/types.js';
import { inputBytes, NON_FINITE, REPOSITORY, readVectors, sha256, TYPES, type Vector } from './vectors.js';

// The kernels for 64-bit ARM, cross-compiled into a program that reads requests from a pipe, under qemu.

const COMPILER = 'aarch64-linux-gnu-g++';
const EMULATOR = 'qemu-aarch64';
const BUILD = join(REPOSITORY, 'out/neon');

const missing = [COMPILER, EMULATOR, 'cmake'].filter((name) => spawnSync(name, ['--version']).status !== 0);
const title = missing.length === 0 ? 'NEON under qemu' : `NEON (skipped: not installed: ${missing.join(', ')})`;

function build(): void {
  const configure = ['-S', REPOSITORY, '-B', BUILD, '-DHF2GGUF_PIPE=ON', `-DCMAKE_CXX_COMPILER=${COMPILER}`];
  configure.push('-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64');
  for (const args of [configure, ['--build', BUILD]]) {
    const { status, stdout, stderr } = spawnSync('cmake', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`cmake ${args.join(' ')}:\n${stdout}\n${stderr}`);
  }
}

function ask(requests: readonly Uint8Array[]): Buffer {
  const input = Buffer.concat(requests);
  const { status, stdout, stderr } = spawnSync(EMULATOR, [join(BUILD, 'hf2gguf-pipe')], { input, maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`hf2gguf-pipe: ${stderr}`);
  return stdout;
}

/** The hash and validity of each vector's blocks. */
function run(vectors: readonly Vector[], target: string): { id: string; sha256: string; valid: boolean }[] {
  const answers = ask(
    vectors.flatMap(({ input, type }) => [
      Buffer.from(`${target} ${GGML_TYPES[type][0]} ${input.nrows} ${input.ncols}\n`),
      inputBytes(input),
    ]),
  );
  let offset = 0;
  return vectors.map(({ input, type }) => {
    const end = answers.indexOf('\n', offset);
    const [kind, length] = answers.toString('latin1', offset, end).split(' ');
    expect(Number(length)).toBe(input.nrows * rowBytes(type, input.ncols));
    offset = end + 1 + Number(length);
    return { id: input.id, sha256: sha256(answers.subarray(end + 1, offset)), valid: kind === '0' };
  });
}

(missing.length === 0 ? describe : describe.skip)(title, () => {
  beforeAll(build);

  test('the self-check finds the same bytes as scalar', () => {
    expect(ask([Buffer.from('targets 0 0 0\n')]).toString()).toBe('neon 1\nscalar 1\n');
  });

  test.each(TYPES.filter((type) => type !== 'F32'))("%s: the reference's bytes", (type) => {
    // The pipe refuses NaN and infinities in every type.
    const vectors = readVectors(type).filter(({ input }) => !NON_FINITE.includes(input.dist));
    const expected = vectors.map(({ input, sha256, valid }) => ({ id: input.id, sha256, valid }));
    expect(run(vectors, 'neon')).toEqual(expected);
    expect(run(vectors, 'scalar')).toEqual(expected);
  });
});
