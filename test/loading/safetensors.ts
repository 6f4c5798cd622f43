import { readFileSync, writeFileSync } from 'node:fs';

export interface StoredTensor {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

/** Changes the tensors of a safetensors file. */
export function rewriteSafetensors(path: string, change: (tensors: Map<string, StoredTensor>) => void): void {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name !== '__metadata__') {
      const [from, to] = data_offsets;
      tensors.set(name, { dtype, shape, bytes: file.subarray(start + from, start + to) });
    }
  }
  change(tensors);
  writeFileSync(path, encode(tensors));
}

export function encode(tensors: ReadonlyMap<string, StoredTensor>): Buffer {
  let end = 0;
  const entries = [...tensors].map(([name, { dtype, shape, bytes }]) => {
    const from = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [from, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}
