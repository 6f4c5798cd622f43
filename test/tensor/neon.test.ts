import { tensorKernelsOn } from '#src/quantize/tensor-kernels.js';
import { DTYPE_BYTES } from '#src/tensor/dtype.js';
import { type Ask, describeOnArm } from '../emulator.js';
import { dice } from './dice.js';

// The kernels for 64-bit ARM, cross-compiled into a program that reads requests from a pipe, under qemu. They are held
// against this machine's scalar ones, which kernels.test.ts holds against the definitions.

const kernels = tensorKernelsOn('scalar');

/** The line of a request without its target, what the kernel reads, and what it must write. */
interface Case {
  readonly line: string;
  readonly reads: readonly Uint8Array[];
  readonly writes: Uint8Array;
}

function check(ask: Ask, { line, reads, writes }: Case): void {
  const answers = ask(['neon', 'scalar'].flatMap((target) => [Buffer.from(`${target} ${line}\n`), ...reads]));
  expect(answers.equals(Buffer.concat([writes, writes]))).toBe(true);
}

function randomBytes(size: number): Uint8Array {
  const roll = dice(size);
  return Uint8Array.from({ length: size }, () => roll(256));
}

function floats(count: number, from: number, to: number): Uint8Array {
  const roll = dice(count);
  return new Uint8Array(
    Float32Array.from({ length: count }, () => from + (to - from) * (roll(2 ** 24) / 2 ** 24)).buffer,
  );
}

/** All that are finite and not negative, up and down. Of a NaN, machines keep different bits. */
const HALVES = new Uint8Array(Uint16Array.from({ length: 0x7c00 }, (_, i) => i).buffer);
const HALVES_DOWN = new Uint8Array(Uint16Array.from({ length: 0x7c00 }, (_, i) => 0x7bff - i).buffer);
const CODES = Uint8Array.from({ length: 127 }, (_, code) => code);

const CASTS = [
  ['F16', 'F32', HALVES],
  ['F8_E4M3', 'F32', CODES],
  ['F8_E8M0', 'BF16', CODES],
  ['F32', 'F16', floats(5001, -70_000, 70_000)],
  ['F32', 'BF16', floats(5001, -1e-38, 1e-38)],
  ['U64', 'F32', randomBytes(8 * 1001)],
  ['I64', 'F32', randomBytes(8 * 1001)],
  ['I8', 'I64', randomBytes(1001)],
] as const;

describeOnArm('tensor kernels on NEON', 'hf2gguf-tensor-pipe', (ask) => {
  test.each(CASTS)('%s to %s', (from, to, source) => {
    const count = source.length / DTYPE_BYTES[from];
    const writes = new Uint8Array(count * DTYPE_BYTES[to]);
    kernels.cast(source, from, writes, to);
    check(ask, { line: `cast ${from} ${to} ${count}`, reads: [source], writes });
  });

  test.each(['neg', 'sqrt', 'exp', 'softplus'] as const)('%s', (fn) => {
    // A multiple of 16: softplus takes the rest from the C library, which is another one there.
    const source = floats(5008, fn === 'sqrt' ? 0 : -110, fn === 'exp' ? 88 : 30);
    const writes = new Uint8Array(source.length);
    kernels.unary(fn, 'F32', source, writes);
    check(ask, { line: `unary ${fn} F32 5008`, reads: [source], writes });
  });

  test.each(['add', 'sub', 'mul', 'div'] as const)('%s', (op) => {
    const writes = new Uint8Array(HALVES.length);
    kernels.binary(op, 'F16', HALVES, HALVES_DOWN, writes);
    check(ask, { line: `binary ${op} F16 ${HALVES.length / 2}`, reads: [HALVES, HALVES_DOWN], writes });
  });

  test.each([1, 3, 4, 8])('codes of %i bits', (bits) => {
    const source = randomBytes(125 * bits);
    const writes = new Uint8Array(1000);
    kernels.unpack(source, 1, bits, writes);
    check(ask, { line: `unpack ${bits} U8 1000`, reads: [source], writes });
  });

  test.each([
    ['MXFP4', 17, 16, 1],
    ['NVFP4', 36, 32, 4],
  ] as const)('%s', (type, bytes, codes, scales) => {
    const reads = [randomBytes(50 * codes), randomBytes(50 * scales)] as const;
    const writes = new Uint8Array(50 * bytes);
    kernels.repack(type, ...reads, writes);
    check(ask, { line: `repack ${type} U8 50`, reads, writes });
  });

  test.each([1, 2, 4, 8])('a transpose of elements of %i bytes', (elementBytes) => {
    const side = 83;
    const source = randomBytes(side * side * elementBytes);
    const writes = new Uint8Array(source.length);
    const strides = { sourceStrides: [1, side], targetStrides: [side, 1], sourceOffset: 0, targetOffset: 0 };
    kernels.copy({ source, target: writes, sizes: [side, side], elementBytes, ...strides });
    check(ask, { line: `copy ${elementBytes} U8 ${side}`, reads: [source], writes });
  });
});
