import { createHash } from 'node:crypto';
import { ChangingFileError } from '../repo/errors.js';
import type { Repo } from '../repo/repo.js';
import { type BeginHash, ContentHash, sha256 } from '../repo/verify.js';
import type { Range, SourceUse } from './source-uses.js';

/** Compares what was read. Without bytes the read has failed, and whoever waits for it is let go. */
export type Compare = (bytes?: Uint8Array) => Promise<void>;

/** How files are compared. */
export interface Checking {
  /** @default in this thread */
  readonly beginHash?: BeginHash | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that are read at once where no task reads them. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Compares one file with its hash. */
export class FileCheck {
  readonly #inOrder: Passing;
  readonly #unread: Range[];
  /** Where the next read in order begins. */
  #announced = 0;
  #turn: Promise<void> = Promise.resolve();
  /** Whether bytes are missing because a task has failed; then everything fails. */
  #isBroken = false;
  /** Reads of bytes that had been announced already. */
  readonly #again: Note[] = [];
  readonly #notes: Note[];

  constructor(
    readonly repo: Repo,
    readonly use: SourceUse,
    readonly how: Checking,
  ) {
    this.#unread = [...use.unread];
    this.#notes = repo.notes(use.file.path).map((note) => new Note(note.offset, note.length, note.sha256));
    this.#inOrder = new Passing(new ContentHash(use.file, how.beginHash), this.#notes);
  }

  announce(offset: number, length: number): Compare {
    this.#passUnread(offset);
    const from = this.#announced;
    if (offset > from || offset + length <= from) {
      return this.#note(offset, length);
    }
    this.#announced = offset + length;
    const behind = from - offset;
    const again = behind > 0 ? this.#note(offset, behind) : undefined;
    const inTurn = this.#inTurn((bytes) => this.#inOrder.pass(from, bytes.subarray(behind)));
    return async (bytes) => {
      await Promise.all([again?.(bytes?.subarray(0, behind)), inTurn(bytes)]);
    };
  }

  /** What no task reads, up to some byte, is read when its turn comes. */
  #passUnread(upTo: number): void {
    for (let next = this.#unread[0]; next && next.from < upTo; next = this.#unread[0]) {
      if (next.to > this.#announced) {
        if (next.from > this.#announced) {
          return; // Another task will read what is before it.
        }
        const [from, to] = [this.#announced, Math.min(next.to, upTo)];
        this.#turn = this.#turn.then(() => this.#read(this.#inOrder, from, to));
        this.#turn.catch(() => {});
        this.#announced = to;
        if (to < next.to) {
          return;
        }
      }
      this.#unread.shift();
    }
  }

  /** No task reads once more what was read ahead of its turn. */
  #readAgain(range: Range): void {
    const at = this.#unread.findIndex(({ from }) => from > range.from);
    this.#unread.splice(at < 0 ? this.#unread.length : at, 0, range);
  }

  #inTurn(step: (bytes: Uint8Array) => Promise<void>): Compare {
    let arrive: (bytes?: Uint8Array) => void = () => {};
    const arrived = new Promise<Uint8Array | undefined>((resolve) => {
      arrive = resolve;
    });
    const turn = this.#turn.then(async () => {
      const bytes = await arrived;
      this.#isBroken ||= bytes === undefined;
      if (bytes && !this.#isBroken) {
        await step(bytes);
      }
    });
    turn.catch(() => {});
    this.#turn = turn;
    return (bytes) => {
      arrive(bytes);
      return bytes ? turn : Promise.resolve();
    };
  }

  #note(offset: number, length: number): Compare {
    const note = new Note(offset, length);
    if (offset < this.#announced) {
      this.#again.push(note);
    } else {
      this.#inOrder.add(note);
      this.#readAgain({ from: offset, to: offset + length });
    }
    this.#notes.push(note);
    return async (bytes) => {
      if (bytes) {
        note.read = sha256(bytes);
      }
    };
  }

  async finish(): Promise<void> {
    const { file } = this.use;
    await this.#turn;
    await this.#read(this.#inOrder, this.#announced, file.size);
    if (this.#again.length > 0) {
      const passing = new Passing(new ContentHash(file, this.how.beginHash), this.#again);
      await this.#read(passing, 0, file.size);
    }
    for (const note of this.#notes) {
      note.check(file.path);
    }
  }

  async #read(passing: Passing, from: number, to: number): Promise<void> {
    for (let at = from; at < to; at += PIECE_BYTES) {
      const bytes = new Uint8Array(new SharedArrayBuffer(Math.min(PIECE_BYTES, to - at)));
      await this.repo.readInto(this.use.file.path, at, bytes, this.how.signal);
      await passing.pass(at, bytes);
    }
  }
}

/** The bytes of a file, passing by from its start to its end. */
class Passing {
  /** Those that are not reached yet. */
  readonly #ahead: Note[];
  #isSorted = false;
  #reached: readonly Note[] = [];

  constructor(
    readonly hash: ContentHash,
    notes: readonly Note[],
  ) {
    this.#ahead = [...notes];
  }

  add(note: Note): void {
    this.#ahead.push(note);
    this.#isSorted = false;
  }

  /** Bytes from `offset` on, right behind those before. The last ones complete the file's hash. @throws WrongHashError */
  async pass(offset: number, bytes: Uint8Array): Promise<void> {
    await this.hash.update(bytes);
    if (!this.#isSorted) {
      this.#ahead.sort((a, b) => b.offset - a.offset);
      this.#isSorted = true;
    }
    const reached = [...this.#reached];
    for (let next = this.#ahead.at(-1); next && next.offset < offset + bytes.length; next = this.#ahead.at(-1)) {
      reached.push(next);
      this.#ahead.pop();
    }
    this.#reached = reached.filter((note) => !note.pass(offset, bytes));
    if (offset + bytes.length === this.hash.file.size) {
      await this.hash.check();
    }
  }
}

/** A read out of order: the sha256 of what it got, and of what the file has there. */
class Note {
  readonly #hash = createHash('sha256');

  constructor(
    readonly offset: number,
    readonly length: number,
    /** Null until it is read. */
    public read: string | null = null,
  ) {}

  /** @returns whether the last of its bytes has passed. */
  pass(offset: number, bytes: Uint8Array): boolean {
    const end = this.offset + this.length;
    this.#hash.update(bytes.subarray(Math.max(0, this.offset - offset), Math.max(0, end - offset)));
    return end <= offset + bytes.length;
  }

  /** @throws ChangingFileError */
  check(path: string): void {
    if (this.#hash.digest('hex') !== this.read) {
      throw new ChangingFileError(path, this.offset, this.length);
    }
  }
}
