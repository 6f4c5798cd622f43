import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * Cuts a folder's model.safetensors into shards with an index, as its publishers do.
 * @returns the names of the files of weights; with one shard, the file as it is.
 */
export function splitSafetensors(folder: string, shards: number): string[] {
  const whole = join(folder, 'model.safetensors');
  if (shards === 1) {
    return ['model.safetensors'];
  }
  const bytes = readFileSync(whole);
  const data = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: _, ...header } = JSON.parse(bytes.toString('utf8', 8, data)) as Record<string, Entry>;
  const names = Object.keys(header).sort();
  const files = Array.from({ length: shards }, (_, i) => `model-0000${i + 1}-of-0000${shards}.safetensors`);
  const weight_map: Record<string, string> = {};
  for (const [i, file] of files.entries()) {
    const own = names.slice(Math.floor((i * names.length) / shards), Math.floor(((i + 1) * names.length) / shards));
    let at = 0;
    const parts: Buffer[] = [];
    const entries = own.map((name) => {
      weight_map[name] = file;
      const { dtype, shape, data_offsets } = header[name] as Entry;
      const [from, to] = data_offsets;
      parts.push(bytes.subarray(data + from, data + to));
      at += to - from;
      return [name, { dtype, shape, data_offsets: [at - (to - from), at] }] as const;
    });
    const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(join(folder, file), Buffer.concat([length, text, ...parts]));
  }
  rmSync(whole);
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
  return files;
}
