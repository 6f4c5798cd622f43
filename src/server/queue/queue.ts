import type { Failure, JobEvent, JobFile, JobPart, JobState, Publication, Quality } from '../api.js';
import type { Reader } from '../users/reading.js';

/** What a worker does: everything that decides the files. Every worker derives the same plan from it. */
export interface Work extends Reader {
  /** That of hf2gguf, which the bytes of the files may depend on. */
  readonly version: string;
  /** `org/model`, or `local:folder`. */
  readonly source: string;
  readonly commit: string;
  /** Names of file types. */
  readonly quant: readonly string[];
  /** Whether the files are measured beside the original. */
  readonly check: boolean;
  /** Of a part's tensors together, as the command line takes it; null where files are not split. */
  readonly splitMaxSize: string | null;
  /** Where the files are published; null where they are only made. */
  readonly publish: Publication | null;
  /** A finished job of the same owner with the same files, which are published as they are. */
  readonly from: string | null;
}

/** A job as a user orders it. */
export interface Order extends Work {
  readonly owner: string;
  /** Equal for orders that give the same files. */
  readonly key: string;
  /** Bytes of the files that it makes. */
  readonly size: number;
  /** What several workers share; empty where one makes all. */
  readonly parts: readonly JobPart[];
}

export interface StoredJob extends Work {
  readonly id: string;
  /** The job that it is a part of. */
  readonly parent: string | null;
  /** Names of the files that it makes; null for all. */
  readonly part: readonly string[] | null;
  readonly parts: readonly JobPart[];
  readonly state: JobState;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly ended: number | null;
  /** How often it was begun. */
  readonly attempts: number;
  readonly files: readonly JobFile[];
  readonly quality: Quality | null;
  readonly url: string | null;
  readonly failure: Failure | null;
}

/** How a job ended. */
export type End =
  | {
      readonly state: 'done';
      readonly files: readonly JobFile[];
      readonly quality: Quality | null;
      readonly url: string | null;
    }
  | { readonly state: 'failed'; readonly failure: Failure }
  | { readonly state: 'cancelled' };

/** What a worker may take now. */
export interface Limits {
  /** Bytes that there are for files. A part is taken where there is room for all parts of its job that wait. */
  readonly room: number;
  /** Jobs of one owner that run at a time; of a shared one each part counts. @default any number */
  readonly perUser?: number;
}

/** Jobs that wait or run: how many, and the bytes of the files that they make. */
export interface OpenJobs {
  readonly jobs: number;
  readonly bytes: number;
}

/** An event of the library's, or `{"event":"state","state":...}` where a job has come to a state. */
export interface StoredEvent {
  /** Grows with each event of all jobs. */
  readonly id: number;
  /** Never a part: its events are those of the shared job, with the field `part`, its index. */
  readonly job: string;
  /** What it is called: `state`, `phase`. */
  readonly kind: string;
  /** JSON. */
  readonly text: string;
}

/**
 * Jobs that outlive the processes that work on them. A worker that claims a job has it for some time, and renews that; a
 * job whose time has run out is another's to claim.
 *
 * A shared job is never claimed, but each of its parts, a job of the id `PARENT.INDEX`. It runs from the first claim of a part
 * on, and ends with the last part: done where all are, failed as the first of them that failed, else cancelled. Where one
 * fails, the others are cancelled. Whoever lists or counts jobs sees the shared one alone.
 */
export interface Queue {
  /** @returns a new job, or the one that makes or has made the same files. */
  submit(order: Order): Promise<{ readonly job: StoredJob; readonly isNew: boolean }>;
  get(id: string): Promise<StoredJob | null>;
  /** The newest first. */
  list(owner: string): Promise<StoredJob[]>;
  isOwner(id: string, owner: string): Promise<boolean>;
  /** How many jobs will be claimed before this one, or before the first of its parts; null if none of it waits. */
  place(id: string): Promise<number | null>;
  /** What an owner has that waits or runs. */
  open(owner: string): Promise<OpenJobs>;
  /** What waits of a job ends at once, what runs when its worker hears of it. */
  cancel(id: string): Promise<void>;
  /**
   * The next job: of the owner who has the fewest running, the one that waits longest.
   * @param lease milliseconds.
   */
  claim(worker: string, lease: number, limits: Limits): Promise<StoredJob | null>;
  /** @returns whether the worker still has the job, and its user still wants it. */
  renew(id: string, worker: string, lease: number): Promise<'go on' | 'cancelled' | 'lost'>;
  /** Gives a job back that is to be gone on with, not before some milliseconds have passed. */
  release(id: string, worker: string, pause?: number): Promise<void>;
  /** What a worker no longer has is not changed. */
  append(id: string, worker: string, events: readonly JobEvent[]): Promise<void>;
  finish(id: string, worker: string, end: End): Promise<void>;
  /** Events of one job. */
  eventsOf(id: string, after: number): Promise<StoredEvent[]>;
  /** Events of all jobs. */
  eventsAfter(after: number): Promise<StoredEvent[]>;
  lastEvent(): Promise<number>;
  /** Forgets jobs that ended before a time, in milliseconds since 1970. @returns their ids, without those of parts */
  expire(before: number): Promise<string[]>;
  counts(): Promise<Readonly<Record<JobState, number>>>;
  close(): Promise<void>;
}
