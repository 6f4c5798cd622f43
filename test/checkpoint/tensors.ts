import { readFileSync, writeFileSync } from 'node:fs';

/** A tensor of a safetensors file. */
export interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

export function readTensors(path: string): Tensor[] {
  const whole = readFileSync(path);
  const start = 8 + Number(whole.readBigUInt64LE());
  const { __metadata__, ...header } = JSON.parse(whole.subarray(8, start).toString()) as Header;
  return Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      return { name, dtype, shape, bytes: whole.subarray(start + from, start + to) };
    },
  );
}

export function writeTensors(path: string, tensors: readonly Tensor[]): void {
  let offset = 0;
  const entries = tensors.map(({ name, dtype, shape, bytes }) => {
    offset += bytes.length;
    return [name, { dtype, shape, data_offsets: [offset - bytes.length, offset] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, ...tensors.map(({ bytes }) => bytes)]));
}
