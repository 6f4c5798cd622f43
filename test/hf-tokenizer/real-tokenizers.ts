import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#src/json.js';

/** A released tokenizer of the corpus and what transformers makes of it. */
export interface RealTokenizer {
  readonly name: string;
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject | null;
  readonly fingerprint: { readonly ids: number[]; readonly sha256: string; readonly pre: string | null };
  readonly texts: readonly { readonly text: string; readonly ids: number[]; readonly ids_special: number[] }[];
}

/** The names of those with a tokenizer.json. */
export function realTokenizers(data: string): string[] {
  const folder = join(data, 'corpus-tokenizers');
  return readdirSync(folder).filter((name) => {
    const source = join(folder, name, 'source');
    return existsSync(source) && existsSync(join(source, readdirSync(source)[0] ?? '', 'tokenizer.json'));
  });
}

export function readRealTokenizer(data: string, name: string): RealTokenizer {
  const folder = join(data, 'corpus-tokenizers', name);
  const source = join(folder, 'source', readdirSync(join(folder, 'source'))[0] ?? '');
  const lines = readFileSync(join(folder, 'encode.jsonl'), 'utf8').trimEnd().split('\n');
  const config = join(source, 'tokenizer_config.json');
  return {
    name,
    tokenizerJson: JSON.parse(readFileSync(join(source, 'tokenizer.json'), 'utf8')),
    tokenizerConfig: existsSync(config) ? JSON.parse(readFileSync(config, 'utf8')) : null,
    fingerprint: JSON.parse(readFileSync(join(folder, 'fingerprint.json'), 'utf8')),
    texts: lines.map((line) => JSON.parse(line)),
  };
}
