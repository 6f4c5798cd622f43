import { basename } from 'node:path';
import type { Queue } from '../queue/queue.js';
import type { LocalSources } from '../users/local-sources.js';

/** An event of the library's. */
export type Noted = { readonly event: string; readonly path?: string; readonly what?: string };

/** Large ones, and such as hold paths of this machine. */
const UNSHOWN = ['plan', 'publication', 'measured', 'done'];
/** Milliseconds between two notes of events. */
const PAUSE = 250;

/** A job's events that are shown, noted a few times a second; of a stage's progress only the newest. */
export class Notes {
  #waiting: Noted[] = [];
  #noting: Promise<void> = Promise.resolve();
  readonly #timer = setInterval(() => this.#note(), PAUSE);

  constructor(
    readonly queue: Queue,
    readonly job: string,
    readonly worker: string,
    readonly local: LocalSources,
  ) {}

  add(event: Noted): void {
    if (UNSHOWN.includes(event.event)) {
      return;
    }
    if (event.event === 'progress' && this.#waiting.at(-1)?.event === 'progress') {
      this.#waiting.pop();
    }
    // Where files are on this machine is nobody's business.
    this.#waiting.push({
      ...event,
      ...(event.path !== undefined && { path: basename(event.path) }),
      ...(event.what !== undefined && { what: this.local.named(event.what) }),
    });
  }

  #note(): void {
    const events = this.#waiting.splice(0);
    if (events.length > 0) {
      this.#noting = this.#noting.then(() => this.queue.append(this.job, this.worker, events)).catch(() => {});
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#note();
    await this.#noting;
  }
}
