import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRuns } from '#src/fill/read-runs.js';
import { planReads, ReadBytes } from '#src/fill/reads.js';
import type { Segment } from '#src/tensor/operator.js';
import { tempFolder } from '../temp.js';

const KIB = 1024;

function segment(file: string, offset: number, length: number, count = 1, stride = length): Segment {
  return { file, offset, length, count, stride };
}

describe('what is read in one go', () => {
  const neighbours = [segment('b', 0, 8), segment('a', 40 * KIB, 8), segment('a', 2 * KIB, 8), segment('a', 0, 8)];

  test('of a local file, what is some KiB apart', () => {
    const { reads, size } = planReads(neighbours, true);
    expect(reads.map(({ file, offset, length, at }) => [file, offset, length, at])).toEqual([
      ['a', 0, 2 * KIB + 8, 0],
      ['a', 40 * KIB, 8, 2 * KIB + 8],
      ['b', 0, 8, 2 * KIB + 16],
    ]);
    expect(size).toBe(2 * KIB + 24);
  });

  test('from the Hub, what is up to 64 KiB apart', () => {
    const { reads } = planReads(neighbours, false);
    expect(reads.map(({ file, offset, length }) => [file, offset, length])).toEqual([
      ['a', 0, 40 * KIB + 8],
      ['b', 0, 8],
    ]);
  });

  test('of short runs, the runs alone from a local file, all of them from the Hub', () => {
    const runs = segment('a', 100, 16, 50, 1000);
    expect(planReads([runs], true)).toEqual({ reads: [{ ...runs, at: 0 }], size: 800 });
    expect(planReads([runs], false)).toEqual({ reads: [{ ...segment('a', 100, 49_016), at: 0 }], size: 49_016 });
  });

  test('of bytes that are wanted twice, once', () => {
    const runs = segment('a', 100, 16, 50, 1000);
    expect(planReads([runs, runs, segment('b', 0, 20), segment('b', 10, 20)], true).size).toBe(800 + 30);
  });
});

test('every segment is found among thousands of reads, and no other', () => {
  const segments = Array.from({ length: 5000 }, (_, i) => segment('a', i * 10 * KIB, 4));
  const { reads, size } = planReads([...segments].reverse(), true);
  const memory = new Uint8Array(size);
  for (const { offset, at } of reads) {
    new DataView(memory.buffer).setUint32(at, offset / KIB);
  }
  const bytes = new ReadBytes(memory, reads);
  for (const one of segments) {
    const found = bytes.fetch(one).bytes;
    expect(new DataView(found.buffer, found.byteOffset, found.length).getUint32(0)).toBe(one.offset / KIB);
  }
  expect(() => bytes.fetch(segment('a', 4, 4))).toThrow(/4 bytes of a at 4 were not read/);
  expect(() => bytes.fetch(segment('b', 0, 4))).toThrow(/were not read/);
});

test('parts of what was read are found in it, and nothing that was not', () => {
  const file = Uint8Array.from({ length: 60_000 }, (_, i) => (i * 31) % 251);
  const runs = segment('a', 1000, 100, 10, 5000);
  const { reads, size } = planReads([runs, segment('a', 0, 500)], true);
  const memory = new Uint8Array(size);
  for (const { offset, length, count, stride, at } of reads) {
    for (let i = 0; i < count; i++) {
      memory.set(file.subarray(offset + i * stride, offset + i * stride + length), at + i * length);
    }
  }
  const bytes = new ReadBytes(memory, reads);
  const parts = [
    runs,
    segment('a', 1020, 30, 10, 5000),
    segment('a', 11_000, 100, 3, 5000),
    segment('a', 46_099, 1),
    segment('a', 100, 10, 4, 100),
  ];
  for (const part of parts) {
    expect(bytes.has(part)).toBe(true);
    const { bytes: found, stride } = bytes.fetch(part);
    for (let i = 0; i < part.count; i++) {
      const start = part.offset + i * part.stride;
      expect(found.subarray(i * stride, i * stride + part.length)).toEqual(file.subarray(start, start + part.length));
    }
  }
  const others = [
    segment('b', 1000, 100, 10, 5000),
    segment('a', 1020, 90, 10, 5000),
    segment('a', 6000, 100, 10, 5000),
    segment('a', 1000, 100, 5, 10_000),
    segment('a', 600, 10),
    segment('a', 490, 20),
  ];
  expect(others.filter((other) => bytes.has(other))).toEqual([]);
});

describe('runs of a file', () => {
  const content = Uint8Array.from({ length: 100 }, (_, i) => i);

  function read(length: number, count: number, stride: number, offset = 0): { read: number; bytes: number[] } {
    const path = join(tempFolder(), 'file');
    writeFileSync(path, content);
    const fd = openSync(path, 'r');
    const target = new Uint8Array(new SharedArrayBuffer(length * count));
    try {
      return { read: readRuns(fd, target, { offset, length, count, stride }), bytes: [...target] };
    } finally {
      closeSync(fd);
    }
  }

  test('stand one right after the other', () => {
    expect(read(2, 3, 10, 5)).toEqual({ read: 6, bytes: [5, 6, 15, 16, 25, 26] });
  });

  test('a file that ends is told by fewer bytes', () => {
    expect(read(4, 2, 50, 48)).toEqual({ read: 6, bytes: [48, 49, 50, 51, 98, 99, 0, 0] });
    expect(read(4, 1, 4, 200).read).toBe(0);
  });

  test('an error has the code of the system', () => {
    const target = new Uint8Array(4);
    expect(() => readRuns(1_000_000, target, { offset: 0, length: 4, count: 1, stride: 4 })).toThrow(
      expect.objectContaining({ code: 'EBADF' }),
    );
  });

  test('memory of another size is refused', () => {
    expect(() => readRuns(0, new Uint8Array(3), { offset: 0, length: 2, count: 2, stride: 2 })).toThrow(
      'the runs do not fill the memory',
    );
  });
});
