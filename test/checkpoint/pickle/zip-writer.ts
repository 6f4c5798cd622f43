import { number, type Ops, pickle } from './pickle-writer.js';

/** A number that stands in a record instead of the right one. */
export type Patch = readonly [at: number, bytes: number, value: number | bigint];

export interface Entry {
  readonly name: string;
  readonly bytes: Buffer;
  /** The local header's own extra field. */
  readonly extra?: Buffer;
  /** Of the local header, and of the record in the directory. */
  readonly local?: readonly Patch[];
  /** Whether the directory has its numbers in a zip64 field, as those of large entries are. */
  readonly isLarge?: boolean;
  readonly central?: readonly Patch[];
}

export interface Archive {
  readonly entries: readonly Entry[];
  /** Whether the directory is found by way of zip64's records, as PyTorch writes them. */
  readonly zip64?: boolean;
  readonly end?: readonly Patch[];
  readonly end64?: readonly Patch[];
  readonly locator?: readonly Patch[];
  readonly comment?: Buffer;
}

/** What stands in the places of the numbers that a zip64 field has. */
const IN_ZIP64: readonly Patch[] = [20, 24, 42].map((at) => [at, 4, 0xffffffff]);

/** `offset: value` of so many bytes each; what lies between is 0. */
function record(length: number, fields: readonly Patch[]): Buffer {
  const bytes = Buffer.alloc(length);
  for (const [at, size, value] of fields) {
    number(value, size).copy(bytes, at);
  }
  return bytes;
}

export function zip({ entries, zip64 = false, comment = Buffer.alloc(0), ...patches }: Archive): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, extra = Buffer.alloc(0), isLarge = false, local = [], central = [] } of entries) {
    const text = Buffer.from(name);
    const header = record(30, [
      [0, 4, 0x04034b50],
      [18, 4, bytes.length],
      [22, 4, bytes.length],
      [26, 2, text.length],
      [28, 2, extra.length],
      ...local,
    ]);
    const field = isLarge
      ? Buffer.concat([
          number(1 + 24 * 2 ** 16, 4),
          ...[bytes.length, bytes.length, at].map((value) => number(value, 8)),
        ])
      : Buffer.alloc(0);
    const own = record(46, [
      [0, 4, 0x02014b50],
      [20, 4, bytes.length],
      [24, 4, bytes.length],
      [28, 2, text.length],
      [42, 4, at],
      ...(isLarge ? IN_ZIP64 : []),
      [30, 2, field.length],
      ...central,
    ]);
    files.push(header, text, extra, bytes);
    directory.push(own, text, field);
    at += header.length + text.length + extra.length + bytes.length;
  }
  const size = Buffer.concat(directory).length;
  const { end = [], end64 = [], locator = [] } = patches;
  const count = entries.length;
  const large = [
    record(56, [[0, 4, 0x06064b50], [4, 8, 44], [24, 8, count], [32, 8, count], [40, 8, size], [48, 8, at], ...end64]),
    record(20, [[0, 4, 0x07064b50], [8, 8, at + size], [16, 4, 1], ...locator]),
  ];
  const last = record(22, [
    [0, 4, 0x06054b50],
    [8, 2, count],
    [10, 2, count],
    [12, 4, size],
    [16, 4, at],
    [20, 2, comment.length],
    ...end,
  ]);
  return Buffer.concat([...files, ...directory, ...(zip64 ? large : []), last, comment]);
}

/** The entries of what torch.save writes. */
export function torchEntries(ops: Ops, storages: Readonly<Record<string, Buffer>>): Entry[] {
  return [
    { name: 'archive/data.pkl', bytes: pickle(ops) },
    { name: 'archive/byteorder', bytes: Buffer.from('little') },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, bytes })),
    { name: 'archive/version', bytes: Buffer.from('3\n') },
  ];
}

export function torchFile(ops: Ops, storages: Readonly<Record<string, Buffer>>): Buffer {
  return zip({ entries: torchEntries(ops, storages) });
}
