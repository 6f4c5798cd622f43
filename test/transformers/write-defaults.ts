import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.js';
import { defaultsSource } from './defaults-source.js';

/** Writes src/generated/config-defaults.ts from config-defaults.json in the folder that HF2GGUF_DATA names. */
const data = process.env.HF2GGUF_DATA;
if (data === undefined) {
  throw new Error('HF2GGUF_DATA does not name the folder with config-defaults.json.');
}
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const classes = read(join(root, 'test/transformers/converter-classes.json'));
writeFileSync(
  join(root, 'src/generated/config-defaults.ts'),
  defaultsSource(read(join(data, 'config-defaults.json')), classes),
);
