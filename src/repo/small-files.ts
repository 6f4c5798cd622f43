import { SourceError } from '../errors.js';
import { type JsonObject, parseJsonObject } from '../json.js';
import { SMALL_FILES, type SmallFileLimit } from '../limits.js';
import { joinMerges } from './join-merges.js';
import type { Repo } from './repo.js';

export class FileTooLargeError extends SourceError {}

/** A repository's small files, each read whole and once, and parsed once; `null` where there is none. */
export class SmallFiles {
  readonly #bytes = new Map<string, Promise<Uint8Array | null>>();
  readonly #json = new Map<string, Promise<JsonObject | null>>();
  #sizes: Promise<ReadonlyMap<string, number>> | null = null;

  constructor(
    readonly repo: Repo,
    readonly signal?: AbortSignal,
  ) {}

  async has(path: string): Promise<boolean> {
    return (await this.#size(path)) !== null;
  }

  bytes(path: string): Promise<Uint8Array | null> {
    return once(this.#bytes, path, () => this.#load(path));
  }

  /** UTF-8 without a byte order mark. */
  async text(path: string): Promise<string | null> {
    const bytes = await this.bytes(path);
    return bytes && decode(bytes);
  }

  /** In tokenizer.json `joinMerges` has joined the merges. @throws MalformedJsonError, JsonLimitError */
  json(path: string): Promise<JsonObject | null> {
    return once(this.#json, path, () => this.#parse(path));
  }

  async #parse(path: string): Promise<JsonObject | null> {
    const bytes = await this.bytes(path);
    const parse = (json: Uint8Array) => parseJsonObject(decode(json), path, limitOf(path).values);
    if (bytes === null || path !== 'tokenizer.json') {
      return bytes && parse(bytes);
    }
    try {
      return parse(joinMerges(bytes));
    } catch {
      // The error tells a place, which is to be that of the file itself.
      return parse(bytes);
    }
  }

  async #size(path: string): Promise<number | null> {
    this.#sizes ??= this.repo.list().then((files) => new Map(files.map((file) => [file.path, file.size])));
    return (await this.#sizes).get(path) ?? null;
  }

  async #load(path: string): Promise<Uint8Array | null> {
    const size = await this.#size(path);
    if (size === null) {
      return null;
    }
    const { bytes: limit } = limitOf(path);
    if (size > limit) {
      throw new FileTooLargeError(
        `${path} has ${size} bytes, more than the ${limit} that such a file may have.`,
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

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes);
}

/** What is known of a path, made the first time. */
function once<T>(known: Map<string, T>, path: string, make: () => T): T {
  const value = known.get(path) ?? make();
  known.set(path, value);
  return value;
}

function limitOf(path: string): SmallFileLimit {
  return SMALL_FILES.find(({ paths }) => paths.test(path)) ?? { paths: /./s, bytes: 0 };
}
