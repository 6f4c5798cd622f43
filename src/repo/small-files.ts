import { SourceError } from '../errors.js';
import { type JsonObject, parseJsonObject } from '../json.js';
import { MAX_SMALL_FILE_BYTES } from '../limits.js';
import type { Repo } from './repo.js';

export class FileTooLargeError extends SourceError {}

/** A repository's small files, each read whole and once; `null` where there is none. */
export class SmallFiles {
  readonly #bytes = new Map<string, Promise<Uint8Array | null>>();

  constructor(
    readonly repo: Repo,
    readonly signal?: AbortSignal,
  ) {}

  async has(path: string): Promise<boolean> {
    return (await this.#size(path)) !== null;
  }

  bytes(path: string): Promise<Uint8Array | null> {
    let bytes = this.#bytes.get(path);
    if (!bytes) {
      bytes = this.#load(path);
      this.#bytes.set(path, bytes);
    }
    return bytes;
  }

  /** UTF-8 without a byte order mark. */
  async text(path: string): Promise<string | null> {
    const bytes = await this.bytes(path);
    return bytes && new TextDecoder('utf-8').decode(bytes);
  }

  /** @throws MalformedJsonError */
  async json(path: string): Promise<JsonObject | null> {
    const text = await this.text(path);
    return text === null ? null : parseJsonObject(text, path);
  }

  async #size(path: string): Promise<number | null> {
    return (await this.repo.list()).find((file) => file.path === path)?.size ?? null;
  }

  async #load(path: string): Promise<Uint8Array | null> {
    const size = await this.#size(path);
    if (size === null) {
      return null;
    }
    if (size > MAX_SMALL_FILE_BYTES) {
      throw new FileTooLargeError(
        `${path} has ${size} bytes, more than the ${MAX_SMALL_FILE_BYTES} that such a file may have.`,
        'Check that the repository holds the right file.',
      );
    }
    const parts: Uint8Array[] = [];
    for await (const part of this.repo.stream(path, this.signal)) {
      parts.push(part);
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }
}
