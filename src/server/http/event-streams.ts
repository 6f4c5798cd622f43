import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { Job } from '../api.js';
import type { Queue, StoredEvent } from '../queue/queue.js';

/** Milliseconds between two looks for new events, for all streams together. */
const PAUSE = 100;
/** Milliseconds after which a silent stream says that it lives, and where a job that waits stands. */
const HEARTBEAT = 10_000;
/** Events that wait for a slow client; then its connection ends, and the client comes again from where it was. */
const MOST_WAITING = 1000;

type View = () => Promise<Job | null>;

/** Where a stream begins: the events that there are already, and the one that they come after. */
interface Beginning {
  readonly before: readonly StoredEvent[];
  readonly after: number;
}

/** The events that one stream has not sent yet. */
class Listener {
  readonly waiting: StoredEvent[] = [];
  #wake = () => {};

  /** @param cut ends the connection. */
  constructor(
    readonly job: string,
    readonly user: string,
    readonly cut: () => void,
  ) {}

  hear(event: StoredEvent): void {
    if (this.waiting.length < MOST_WAITING) {
      this.waiting.push(event);
      this.#wake();
    } else {
      this.cut();
    }
  }

  /** Resolves with the next event, or with the end of the time. */
  async next(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, HEARTBEAT);
    });
    clearTimeout(timer);
  }

  end(): void {
    this.#wake();
  }
}

/** Streams of jobs' events. One look at the queue serves all of them. */
export class EventStreams {
  readonly #listeners = new Set<Listener>();
  #last: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param mostPerUser streams of one user at a time. */
  constructor(
    readonly queue: Queue,
    readonly mostPerUser: number = Number.POSITIVE_INFINITY,
  ) {}

  get size(): number {
    return this.#listeners.size;
  }

  /** Whether a user has as many as one may have. */
  isFull(user: string): boolean {
    let own = 0;
    for (const listener of this.#listeners) {
      own += listener.user === user ? 1 : 0;
    }
    return own >= this.mostPerUser;
  }

  /** Ends all streams. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const listener of this.#listeners) {
      listener.end();
    }
  }

  /**
   * The events of a job that come after one, until the job has ended. A client that asks for more of one that has ended is
   * told so by status 204, at which browsers stop asking.
   * @param user who asks, and may have no more than some at a time: see `isFull`.
   * @param view the job as its user sees it, which events of its state carry.
   */
  async open(context: Context, job: string, after: number, user: string, view: View): Promise<Response> {
    const { outgoing } = context.env as Partial<HttpBindings>;
    const listener = new Listener(job, user, () => outgoing?.destroy());
    let before: readonly StoredEvent[];
    try {
      await this.#listen(listener);
      before = await this.queue.eventsOf(job, after);
      if (before.length === 0 && isOver(await view())) {
        this.#listeners.delete(listener);
        return context.body(null, 204);
      }
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    return streamSSE(context, async (stream) => {
      stream.onAbort(() => listener.end());
      try {
        await this.#send(stream, listener, { before, after }, view);
      } finally {
        this.#listeners.delete(listener);
      }
    });
  }

  async #send(stream: SSEStreamingApi, listener: Listener, { before, after }: Beginning, view: View): Promise<void> {
    let seen = after;
    const past = [...before];
    const { waiting } = listener;
    while (!stream.aborted && !this.#isClosed) {
      const event = past.shift() ?? waiting.shift();
      if (event === undefined) {
        const job = await view();
        if (isOver(job)) {
          // The look for all jobs may not have come to its last events yet.
          past.push(...(await this.queue.eventsOf(listener.job, seen)));
          if (past.length === 0) {
            return;
          }
          continue;
        }
        await listener.next();
        if (waiting.length === 0) {
          await (job?.state === 'queued' ? stream.writeSSE({ data: stateOf(job) }) : stream.write(': here\n\n'));
        }
      } else if (event.id > seen) {
        seen = event.id;
        const data = event.kind === 'state' ? stateOf(await view(), JSON.parse(event.text).state) : event.text;
        await stream.writeSSE({ id: String(event.id), data });
      }
    }
  }

  async #listen(listener: Listener): Promise<void> {
    this.#listeners.add(listener);
    this.#last ??= await this.queue.lastEvent();
    this.#timer ??= setTimeout(() => this.#look(), PAUSE);
  }

  async #look(): Promise<void> {
    for (const event of await this.queue.eventsAfter(this.#last ?? 0).catch(() => [])) {
      this.#last = event.id;
      for (const listener of this.#listeners) {
        if (listener.job === event.job) {
          listener.hear(event);
        }
      }
    }
    if (this.#listeners.size === 0) {
      this.#last = null;
    }
    this.#timer = this.#last === null || this.#isClosed ? undefined : setTimeout(() => this.#look(), PAUSE);
  }
}

/** A job as it was when it came to a state: what is known by now may be more. */
function stateOf(job: Job | null, state = job?.state): string {
  const before = { state, place: null, ended: null, files: [], quality: null, failure: null };
  return JSON.stringify({ event: 'state', job: job && (job.state === state ? job : { ...job, ...before }) });
}

function isOver(job: Job | null): boolean {
  return job === null || !['queued', 'running'].includes(job.state);
}
