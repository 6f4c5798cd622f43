import * as v from 'valibot';
import { parseJsonObject } from '../json.js';
import { MAX_REPO_FILES, MAX_REPO_PATH_LENGTH } from '../limits.js';

/** The file in a published repository that says what its GGUF files are. Programs read it, and the next run. */
export const MANIFEST = 'hf2gguf.json';

const text = v.pipe(v.string(), v.maxLength(MAX_REPO_PATH_LENGTH));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const estimate = v.object({ value: v.number(), error: v.number() });

/** The figures of `check`, of a file. */
const measures = v.object({
  perplexity: estimate,
  kld: estimate,
  sameTop: estimate,
});

const part = v.object({ path: text, size: bytes, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) });

const file = v.object({
  /** The file type's name, such as `Q4_K_M`. */
  type: text,
  /** What decides its bytes, as a hash: see `recipeKey`. */
  recipe: text,
  /** The commit of the source; null for a folder. */
  commit: v.nullable(text),
  /** One, or the parts of a split file in order. */
  parts: v.pipe(v.array(part), v.minLength(1), v.maxLength(MAX_REPO_FILES)),
  bitsPerWeight: v.number(),
  /** Bytes of the cache for 4,096 tokens in 16 bits; null where the model keeps something else. */
  cache: v.nullable(bytes),
  measured: v.nullable(measures),
});

const manifest = v.object({
  version: v.literal(1),
  source: text,
  /** What was measured: the text and its length, and the source's own perplexity. */
  check: v.nullable(
    v.object({ text: v.nullable(text), ctx: bytes, chunks: bytes, tokens: bytes, perplexity: estimate }),
  ),
  files: v.pipe(v.array(file), v.maxLength(MAX_REPO_FILES)),
});

export type Manifest = v.InferOutput<typeof manifest>;
export type PublishedFile = v.InferOutput<typeof file>;

/** @returns null for a text that is no manifest: whoever has it in the repository loses nothing but a second run's speed. */
export function parseManifest(json: string): Manifest | null {
  try {
    const parsed = v.safeParse(manifest, parseJsonObject(json, MANIFEST));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

export function manifestText(value: Manifest): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Bytes of all parts. */
export function sizeOfFile({ parts }: PublishedFile): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/** Bytes that it takes to run a file: its own, and those of the cache for 4,096 tokens where that is known. */
export function memoryOf(file: PublishedFile): number {
  return sizeOfFile(file) + (file.cache ?? 0);
}
