import type { Failure, Found, Job, JobRequest, ModelPlan } from '../src/server/api.js';

/** What the page needs of whoever converts. */
export interface Backend {
  search(text: string, signal: AbortSignal): Promise<Found[]>;
  /** @throws BackendError with what is wrong and what to do */
  plan(source: string, signal: AbortSignal): Promise<ModelPlan>;
  /** @returns a new job, or one that has made or makes the same. @throws BackendError */
  start(request: JobRequest): Promise<Job>;
  jobs(): Promise<Job[]>;
  /** Calls `hear` with each event from the first on, also after a lost connection. @returns what ends it */
  follow(id: string, hear: (event: PageEvent) => void): () => void;
  cancel(id: string): Promise<Job>;
  /** The address of a result. */
  fileUrl(id: string, name: string): string;
}

/** The events that the page shows; others are left out. */
export type PageEvent =
  | { readonly event: 'state'; readonly job: Job }
  | { readonly event: 'phase'; readonly phase: string; readonly step?: number; readonly steps?: number }
  | { readonly event: 'progress'; readonly unit: string; readonly done: number; readonly total: number }
  | { readonly event: 'wait'; readonly seconds: number; readonly reason: string }
  | { readonly event: 'warning'; readonly what: string; readonly next?: string };

/** Something was refused, in words for the user. */
export class BackendError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.what);
  }
}
