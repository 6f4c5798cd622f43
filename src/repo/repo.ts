/** Where files come from. Nothing above this interface knows whether bytes come from a folder, the Hub or a cache. */
export interface RepoFile {
  /** Relative to the repository's root, `/` between folders. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Of the contents, in hex: where it is known, as for files in LFS. */
  readonly sha256?: string;
  /** SHA-1 of `blob <size>\0` and the contents (git-hash-object), in hex: where it is known, as for files in git itself. */
  readonly gitSha1?: string;
  /** Of a local file when it was listed: another text once the file is changed or replaced. */
  readonly version?: string;
}

/** Who may read a model, as the Hub says. */
export interface Access {
  readonly isPrivate: boolean;
  readonly isGated: boolean;
}

/** A part of a file that was read, and the sha256 of what it was. */
export interface ReadNote {
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** In hex. */
  readonly sha256: string;
}

export interface Repo {
  /** `org/model`, or the folder's path as given. */
  readonly id: string;
  /** The last part of the name, which the reference takes for the folder's: `model`. */
  readonly name: string;
  /** The commit that every read is pinned to; null for a folder. */
  readonly revision: string | null;
  /** Known of what was opened from the Hub itself, not from a folder or the cache. */
  readonly access?: Access;

  /** All files, sorted by path in code point order. */
  list(): Promise<readonly RepoFile[]>;

  /** One of them. @throws SourceError, HubError when it isn't there. */
  file(path: string): RepoFile;

  /**
   * Whether the bytes of a file are to be compared with its hash: it has one, and they come from another machine or the
   * caller wants it.
   */
  isChecked(path: string): boolean;

  /** What `read` has read of a file that is to be checked. */
  notes(path: string): readonly ReadNote[];

  /** The paths of the files that were read whole, by `stream`. */
  readonly streamed: ReadonlySet<string>;

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
