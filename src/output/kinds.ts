import type { ByteSource } from '../gguf/byte-source.js';

/** A kind of files, recognised by their contents. */
export interface FileKind {
  /** In a sentence: `GGUF file`. */
  readonly name: string;
  matches(file: ByteSource): Promise<boolean>;
}

export const GGUF_FILE: FileKind = {
  name: 'GGUF file',
  matches: async (file) => (await head(file, 4)) === 'GGUF',
};

/** A declaration and a document type may come before the element. */
const SVG = /^\uFEFF?\s*(<\?xml[^>]*>\s*)?(<!DOCTYPE[^>]*>\s*)?<svg[\s>]/;

export const SVG_FILE: FileKind = {
  name: 'SVG',
  matches: async (file) => SVG.test(await head(file, 1024)),
};

async function head(file: ByteSource, bytes: number): Promise<string> {
  return Buffer.from(await file.read(0, Math.min(bytes, file.size))).toString();
}
