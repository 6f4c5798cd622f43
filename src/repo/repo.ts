/** Where files come from. Nothing above this interface knows whether bytes come from a folder, the Hub or a cache. */
export interface RepoFile {
  /** Relative to the repository's root, `/` between folders. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Of the contents, in hex, where the host knows it (LFS files). */
  readonly sha256?: string;
  /** Of a local file when it was listed: another text once the file is changed or replaced. */
  readonly version?: string;
}

export interface Repo {
  /** `org/model`, or the folder's path as given. */
  readonly id: string;
  /** The last part of the name, which the reference takes for the folder's: `model`. */
  readonly name: string;
  /** The commit that every read is pinned to; null for a folder. */
  readonly revision: string | null;

  /** All files, sorted by path in code point order. */
  list(): Promise<readonly RepoFile[]>;

  /**
   * Exactly `length` bytes from `offset`.
   * @throws SourceError when the file is shorter, HubError when it can't be had.
   */
  read(path: string, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;

  /** The same, into memory that the caller has; `target` may lie over a SharedArrayBuffer. */
  readInto(path: string, offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;

  /** A whole file in pieces; its hash, where known, is verified at the end. */
  stream(path: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;

  /** The file's path on this machine, for workers that read it by position; null when it has to be fetched. */
  local(path: string): string | null;
}
