import type { Failure, Found, Job, JobRequest, ModelPlan, Session } from '../src/server/api.js';

/** What the page needs of whoever converts. */
export interface Backend {
  /** Whether a log-in is wanted, and there is one. @throws BackendError */
  session(): Promise<Session>;
  /** @throws BackendError for a wrong token */
  logIn(token: string): Promise<Session>;
  logOut(): Promise<Session>;
  search(text: string, signal: AbortSignal): Promise<Found[]>;
  /** @throws BackendError with what is wrong and what to do */
  plan(source: string, signal: AbortSignal): Promise<ModelPlan>;
  /** @returns a new job, or one that has made or makes the same. @throws BackendError */
  start(request: JobRequest): Promise<Job>;
  /** The newest first. @throws BackendError */
  jobs(): Promise<Job[]>;
  /** Calls `hear` with each event from the first on, also after a lost connection. @returns what ends it */
  follow(id: string, hear: (event: PageEvent) => void): () => void;
  /** @throws BackendError */
  cancel(id: string): Promise<Job>;
  /** The address of a result. */
  fileUrl(id: string, name: string): string;
}

/** Of a job that several workers share: the index of the part that it is about. */
interface OfPart {
  readonly part?: number;
}

/** The events that the page shows; others are left out. */
export type PageEvent =
  | { readonly event: 'state'; readonly job: Job }
  | (OfPart & { readonly event: 'phase'; readonly phase: string; readonly step?: number; readonly steps?: number })
  | (OfPart & { readonly event: 'progress'; readonly unit: string; readonly done: number; readonly total: number })
  | (OfPart & { readonly event: 'file' })
  | { readonly event: 'wait'; readonly seconds: number; readonly reason: string }
  | { readonly event: 'warning'; readonly what: string; readonly next?: string }
  /** The connection was lost, and is tried again; or it is there again. */
  | { readonly event: 'connection'; readonly isLost: boolean }
  /** There is no such job; nothing more will come. */
  | { readonly event: 'gone'; readonly failure: Failure };

/** Something was refused, in words for the user. */
export class BackendError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.what);
  }
}

/** What to tell the user about an error. */
export function failureOf(error: unknown): Failure {
  return error instanceof BackendError
    ? error.failure
    : { what: 'Something went wrong in this page.', next: 'Load the page again.' };
}
