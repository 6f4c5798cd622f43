import { useState } from 'preact/hooks';
import type { Failure, Job } from '../src/server/api.js';
import { type Backend, failureOf } from './backend.js';
import { FailureCard } from './failure-card.js';
import { formatTime } from './format.js';
import { isOpen } from './job-states.js';
import { ModelName } from './model-name.js';
import { PublishForm } from './publish-form.js';
import { QualityFigures } from './quality-figures.js';
import { Results } from './results.js';
import { go, jobLink, modelLink } from './routes.js';
import { Running } from './running.js';
import { StateMark } from './state-mark.js';
import { useJob } from './use-job.js';
import { Warnings } from './warnings.js';

interface Props {
  readonly id: string;
  readonly backend: Backend;
  readonly mayPublish: boolean;
}

/** One conversion, from its place in the queue to its files. */
export function JobView({ id, backend, mayPublish }: Props) {
  const news = useJob(id, backend);
  const [failure, setFailure] = useState<Failure | null>(null);
  const { job, gone, isLost, warnings } = news;

  const attempt = async (action: () => Promise<unknown>) => {
    setFailure(null);
    await action().catch((error) => setFailure(failureOf(error)));
  };
  const again = ({ source, quant, check, splitMaxSize, publish }: Job) =>
    attempt(async () => {
      const next = await backend.start({
        ...{ source, quant, check },
        ...(splitMaxSize && { splitMaxSize }),
        ...(publish && { publish }),
      });
      go(jobLink(next.id));
    });

  return (
    <>
      {job ? <ModelName source={job.source} /> : <h1 tabIndex={-1}>Conversion</h1>}
      <div role="status">
        {isLost && (
          <p class="card warning">
            The connection is lost. The conversion goes on without this page; it is tried again.
          </p>
        )}
      </div>
      {gone ? (
        <FailureCard failure={gone} />
      ) : job ? (
        <>
          <p class="about">
            <StateMark state={job.state} />
            <span>{job.quant.join(', ')}</span>
            {job.publish && (
              <span>
                {job.url ? 'published in ' : 'to be published in '}
                {job.url ? <a href={job.url}>{job.publish.to}</a> : job.publish.to}
              </span>
            )}
            <time class="quiet" dateTime={new Date(job.created).toISOString()}>
              {formatTime(job.created)}
            </time>
          </p>
          {isOpen(job) && <Running news={news} job={job} />}
          {job.state === 'done' && <Results job={job} fileUrl={(name) => backend.fileUrl(id, name)} />}
          {job.quality && (
            <QualityFigures quality={job.quality} files={job.files} fileUrl={(name) => backend.fileUrl(id, name)} />
          )}
          {job.state === 'done' && !job.publish && mayPublish && <PublishForm job={job} backend={backend} />}
          {job.failure && <FailureCard failure={job.failure} />}
          {failure && <FailureCard failure={failure} />}
          <Warnings warnings={warnings} />
          <div class="actions">
            {isOpen(job) ? (
              <button type="button" onClick={() => attempt(() => backend.cancel(id))}>
                Cancel
              </button>
            ) : (
              job.state !== 'done' && (
                <button type="button" class="primary" onClick={() => again(job)}>
                  Convert again
                </button>
              )
            )}
            <a class="button" href={modelLink(job.source)}>
              All types of this model
            </a>
          </div>
        </>
      ) : (
        <p class="loading">Looking for the conversion…</p>
      )}
    </>
  );
}
