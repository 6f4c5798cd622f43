import { useEffect, useState } from 'preact/hooks';
import type { Failure, Job } from '../src/server/api.js';
import { type Backend, failureOf } from './backend.js';
import { FailureCard } from './failure-card.js';
import { formatBytes, formatTime } from './format.js';
import { isOpen } from './job-states.js';
import { jobLink, modelLink } from './routes.js';
import { StateMark } from './state-mark.js';

/** Milliseconds until jobs are asked for again, while some are not over. */
const PAUSE = 5000;

/** For those who have not converted any. */
const SMALL = 'HuggingFaceTB/SmolLM2-135M-Instruct';

interface Props {
  readonly backend: Backend;
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

  return (
    <section class="jobs" aria-label="Conversions">
      {heading !== undefined && <h2>{heading}</h2>}
      {failure && <FailureCard failure={failure} />}
      {jobs?.length === 0 && (
        <p class="quiet">
          None yet. A small model to begin with: <a href={modelLink(SMALL)}>{SMALL}</a>
        </p>
      )}
      <ul>
        {jobs?.slice(0, most).map((job) => (
          <li key={job.id}>
            <a href={jobLink(job.id)}>
              <span class="figures">
                <span class="name">{job.source}</span>
                <StateMark state={job.state} />
              </span>
              <span class="figures quiet">
                <span>
                  {job.quant.join(', ')}
                  {job.files.length > 0 && ` · ${formatBytes(job.files.reduce((sum, { size }) => sum + size, 0))}`}
                  {job.publish && ` · ${job.url ? 'published in' : 'for'} ${job.publish.to}`}
                </span>
                <time dateTime={new Date(job.created).toISOString()}>{formatTime(job.created)}</time>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
