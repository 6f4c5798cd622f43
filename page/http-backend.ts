import type { Failure, Found, Job, JobRequest, ModelPlan, Session } from '../src/server/api.js';
import { type Backend, BackendError, type PageEvent } from './backend.js';
import { isOpen } from './job-states.js';

/** Milliseconds until a connection that the browser has given up is tried again. */
const PAUSE = 2000;

/** Nobody answers, or something between says that nobody does. It may pass. */
class Unreachable extends BackendError {
  constructor() {
    super({
      what: 'The server does not answer.',
      next: 'Look whether hf2gguf serve is still running, then try again.',
    });
  }
}

/** The server says no: now, or whenever it is asked. */
class Refused extends BackendError {
  constructor(
    failure: Failure,
    readonly status: number,
  ) {
    super(failure);
  }

  /** Whether asking again changes nothing. */
  get isFinal(): boolean {
    return this.status < 500;
  }
}

/** The server that the page comes from. */
export class HttpBackend implements Backend {
  session(): Promise<Session> {
    return ask('session');
  }

  logIn(token: string): Promise<Session> {
    return ask('session', post({ token }));
  }

  logOut(): Promise<Session> {
    return ask('session/end', post({}));
  }

  search(text: string, signal: AbortSignal): Promise<Found[]> {
    return ask(`models?q=${encodeURIComponent(text)}`, { signal });
  }

  plan(source: string, signal: AbortSignal): Promise<ModelPlan> {
    return ask('plans', { ...post({ source }), signal });
  }

  start(request: JobRequest): Promise<Job> {
    return ask('jobs', post(request));
  }

  jobs(): Promise<Job[]> {
    return ask('jobs');
  }

  cancel(id: string): Promise<Job> {
    return ask(`${jobPath(id)}/cancel`, post({}));
  }

  fileUrl(id: string, name: string): string {
    return `/api/${jobPath(id)}/files/${encodeURIComponent(name)}`;
  }

  follow(id: string, hear: (event: PageEvent) => void): () => void {
    let last = '0';
    let hasEnded = false;
    let source: EventSource | undefined;
    let timer: number | undefined;

    const end = () => {
      hasEnded = true;
      source?.close();
      clearTimeout(timer);
    };
    const tell = (event: PageEvent) => {
      hear(event);
      // The browser would ask again for the stream of a job that is over.
      if (event.event === 'gone' || (event.event === 'state' && !isOpen(event.job))) {
        end();
      }
    };
    const open = () => {
      source = new EventSource(`/api/${jobPath(id)}/events?after=${last}`);
      source.onopen = () => hear({ event: 'connection', isLost: false });
      source.onmessage = ({ data, lastEventId }) => {
        last = lastEventId || last;
        tell(JSON.parse(data));
      };
      source.onerror = () => (source?.readyState === EventSource.CLOSED ? look() : lose());
    };
    const lose = () => hear({ event: 'connection', isLost: true });
    // The stream says nothing about why it ended; the job itself does.
    const look = async () => {
      try {
        const job = await ask<Job>(jobPath(id));
        if (!hasEnded) {
          tell({ event: 'state', job });
        }
      } catch (error) {
        if (!hasEnded) {
          error instanceof Refused && error.isFinal ? tell({ event: 'gone', failure: error.failure }) : lose();
        }
      }
      if (!hasEnded) {
        timer = setTimeout(open, PAUSE);
      }
    };
    open();
    return end;
  }
}

function jobPath(id: string): string {
  return `jobs/${encodeURIComponent(id)}`;
}

function post(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** @throws BackendError, and what `fetch` throws when its signal aborts */
async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`/api/${path}`, init).catch((error: Error) => {
    throw error.name === 'AbortError' ? error : new Unreachable();
  });
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) {
    return answer;
  }
  throw isFailure(answer) ? new Refused(answer, response.status) : new Unreachable();
}

function isFailure(answer: unknown): answer is Failure {
  return typeof answer === 'object' && answer !== null && 'what' in answer && typeof answer.what === 'string';
}
