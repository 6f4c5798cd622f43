import { useEffect, useState } from 'preact/hooks';
import type { Failure, Job } from '../src/server/api.js';
import { type Backend, failureOf } from './backend.js';
import { FailureCard } from './failure-card.js';
import { formatBytes, formatTime } from './format.js';
import { isOpen } from './job-states.js';
import { jobLink } from './routes.js';
import { StateMark } from './state-mark.js';

/** Milliseconds until jobs are asked for again, while some are not over. */
const PAUSE = 5000;

interface Props {
  readonly backend: Backend;
  /** Nothing at all is shown under a heading without jobs. */
  readonly heading?: string;
  readonly most?: number;
}

/** The user's conversions, the newest first. */
export function JobList({ backend, heading, most }: Props) {
  const [jobs, setJobs] = useState<readonly Job[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);

  useEffect(() => {
    let timer: number | undefined;
    let isOver = false;
    const load = async () => {
      const wait = await backend.jobs().then(
        (all) => {
          setJobs(all);
          setFailure(null);
          return all.some(isOpen);
        },
        (error) => {
          setFailure(failureOf(error));
          return true;
        },
      );
      if (wait && !isOver) {
        timer = setTimeout(load, PAUSE);
      }
    };
    load();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);

  if (heading !== undefined && jobs?.length === 0) {
    return null;
  }
  return (
    <section class="jobs" aria-label="Conversions">
      {heading !== undefined && <h2>{heading}</h2>}
      {failure && <FailureCard failure={failure} />}
      {jobs?.length === 0 && <p>There are none yet.</p>}
      <ul>
        {jobs?.slice(0, most).map((job) => (
          <li key={job.id}>
            <a href={jobLink(job.id)}>
              <span class="name">{job.source}</span>
              <StateMark state={job.state} />
              <span class="quiet">
                {job.quant.join(', ')}
                {job.files.length > 0 && ` · ${formatBytes(job.files.reduce((sum, { size }) => sum + size, 0))}`}
              </span>
              <time class="quiet" dateTime={new Date(job.created).toISOString()}>
                {formatTime(job.created)}
              </time>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
