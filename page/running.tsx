import type { Job } from '../src/server/api.js';
import { formatBytes, formatPercent, formatSpan } from './format.js';
import type { JobNews } from './use-job.js';

/** What a conversion's stages are called while they go on. */
const STAGES: Readonly<Record<string, string>> = {
  open: 'Reading the headers',
  plan: 'Planning every byte',
  fill: 'Converting the weights',
  flush: 'Flushing to disk',
  check: 'Measuring the quality',
  parts: 'Converting in parts',
  upload: 'Uploading',
};

interface Props {
  readonly news: JobNews;
  readonly job: Job;
}

/** A job that waits or goes on. */
export function Running({ news: { stages, progress, wait }, job: { state, place } }: Props) {
  const stage = stages.at(-1);
  const name = stage && (STAGES[stage.phase] ?? stage.phase);
  const share = progress && progress.total > 0 ? progress.done / progress.total : null;
  if (state === 'queued' || !stage) {
    return (
      <section class="card" aria-label="Progress">
        <p class="place" role="status">
          {state === 'queued' ? placeIn(place) : 'It begins…'}
        </p>
        <progress aria-label="Waiting" />
      </section>
    );
  }
  return (
    <section class="card running" aria-label="Progress">
      <div class="figures">
        <span class="name">{name}</span>
        <span class="share">{share !== null && formatPercent(share)}</span>
      </div>
      <progress aria-label={name} {...(share !== null && { value: share, max: 1 })} />
      <div class="figures quiet">
        {progress ? <Figures progress={progress} /> : <span>&nbsp;</span>}
        {stage.steps !== undefined && (
          <span>
            stage {stage.step} of {stage.steps}
          </span>
        )}
      </div>
      {wait && (
        <p class="wait">
          Waiting for {formatSpan(wait.seconds)}: {wait.reason}.
        </p>
      )}
      <p class="hidden" role="status">
        {name}
      </p>
    </section>
  );
}

function Figures({ progress: { unit, done, total, perSecond } }: { progress: NonNullable<JobNews['progress']> }) {
  const isBytes = unit === 'bytes';
  return (
    <span class="numbers">
      {isBytes ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done} of ${total} ${unit}`}
      {perSecond !== null && (
        <>
          {isBytes && ` · ${formatBytes(perSecond)}/s`} · {formatSpan((total - done) / perSecond)} left
        </>
      )}
    </span>
  );
}

function placeIn(place: number | null): string {
  if (!place) {
    return 'It is next.';
  }
  return place === 1 ? 'One conversion comes before this one.' : `${place} conversions come before this one.`;
}
