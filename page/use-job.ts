import { useEffect, useReducer, useRef } from 'preact/hooks';
import type { Failure, Job } from '../src/server/api.js';
import type { Backend, PageEvent } from './backend.js';
import { isOpen } from './job-states.js';
import { Rate } from './rate.js';

type Of<Name extends PageEvent['event']> = Extract<PageEvent, { readonly event: Name }>;

/** What is known of a job from its events so far. */
export interface JobNews {
  readonly job: Job | null;
  readonly gone: Failure | null;
  /** Stages that have begun; the last one goes on. */
  readonly stages: readonly Of<'phase'>[];
  /** Of a job that several workers share: how far each part is, from 0 to 1. */
  readonly shares: Readonly<Record<number, number>>;
  /** Of the stage that goes on. */
  readonly progress: (Of<'progress'> & { readonly perSecond: number | null }) | null;
  readonly wait: Of<'wait'> | null;
  readonly warnings: readonly Of<'warning'>[];
  readonly isLost: boolean;
}

const NOTHING: JobNews = {
  ...{ job: null, gone: null, stages: [], shares: {}, progress: null, wait: null },
  ...{ warnings: [], isLost: false },
};

/** Follows a job. */
export function useJob(id: string, backend: Backend): JobNews {
  const rate = useRef(new Rate());
  const [news, hear] = useReducer((before: JobNews, event: PageEvent) => next(before, event, rate), NOTHING);
  useEffect(() => backend.follow(id, hear), [id]);
  return news;
}

function next(news: JobNews, event: PageEvent, rate: { current: Rate }): JobNews {
  switch (event.event) {
    case 'state':
      return event.job && { ...news, job: event.job, ...(!isOpen(event.job) && { isLost: false }) };
    case 'phase': {
      if (event.part !== undefined) {
        // A part that another worker goes on with begins its stages again.
        return together(news, event.part, event.phase === 'open' ? 0 : undefined, rate.current);
      }
      rate.current = new Rate();
      // A job that another worker goes on with begins its stages again.
      const before = news.stages.filter(({ step }) => (step ?? 0) < (event.step ?? Number.POSITIVE_INFINITY));
      return { ...news, stages: [...before, event], progress: null, wait: null };
    }
    case 'progress':
      if (event.part !== undefined) {
        return together(news, event.part, event.done / Math.max(1, event.total), rate.current);
      }
      rate.current.add(event.done, performance.now());
      return { ...news, progress: { ...event, perSecond: rate.current.perSecond }, wait: null };
    case 'file':
      return event.part === undefined ? news : together(news, event.part, 1, rate.current);
    case 'wait':
      return { ...news, wait: event };
    case 'warning':
      return news.warnings.some(({ what }) => what === event.what)
        ? news
        : { ...news, warnings: [...news.warnings, event] };
    case 'connection':
      return { ...news, isLost: event.isLost };
    case 'gone':
      return { ...news, gone: event.failure, isLost: false };
    default:
      return news;
  }
}

/** News of one of the parts that workers share, as one stage of all of them. @param share how far it is, where that is known */
function together(news: JobNews, part: number, share: number | undefined, rate: Rate): JobNews {
  const shares = share === undefined ? news.shares : { ...news.shares, [part]: share };
  const sizes = news.job?.parts.map(({ size }) => size) ?? [];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const done = sizes.reduce((sum, size, index) => sum + size * (shares[index] ?? 0), 0);
  rate.add(done, performance.now());
  const progress = { event: 'progress', unit: 'bytes', done, total, perSecond: rate.perSecond } as const;
  return { ...news, shares, stages: [{ event: 'phase', phase: 'parts' }], progress, wait: null };
}
