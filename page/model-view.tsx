import { useEffect, useState } from 'preact/hooks';
import type { Failure, ModelPlan } from '../src/server/api.js';
import { type Backend, failureOf } from './backend.js';
import { FailureCard } from './failure-card.js';
import { formatCount, formatExact } from './format.js';
import { ModelName } from './model-name.js';
import { Order } from './order.js';
import { Warnings } from './warnings.js';

interface Props {
  readonly source: string;
  readonly backend: Backend;
}

/** What a model is, and what can be made of it. */
export function ModelView({ source, backend }: Props) {
  const [plan, setPlan] = useState<ModelPlan | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [attempt, setAttempt] = useState(1);

  useEffect(() => {
    const stop = new AbortController();
    setFailure(null);
    backend.plan(source, stop.signal).then(setPlan, (error) => {
      if (!stop.signal.aborted) {
        setFailure(failureOf(error));
      }
    });
    return () => stop.abort();
  }, [attempt]);

  return (
    <>
      <ModelName source={source} />
      {failure ? (
        <FailureCard failure={failure}>
          <button type="button" onClick={() => setAttempt(attempt + 1)}>
            Try again
          </button>
        </FailureCard>
      ) : plan ? (
        <>
          <Facts plan={plan} />
          <Warnings warnings={plan.warnings.map((what) => ({ what }))} />
          <Order plan={plan} source={source} backend={backend} />
        </>
      ) : (
        <p class="loading" role="status">
          Reading the model’s headers…
        </p>
      )}
    </>
  );
}

function Facts({ plan: { architecture, parameters, licences, isGated, commit, url } }: { readonly plan: ModelPlan }) {
  return (
    <dl class="facts">
      <div>
        <dt>Architecture</dt>
        <dd>{architecture}</dd>
      </div>
      <div>
        <dt>Parameters</dt>
        <dd title={formatExact(parameters)}>{formatCount(parameters)}</dd>
      </div>
      <div>
        <dt>Licence</dt>
        <dd>{licences.join(', ') || 'not stated'}</dd>
      </div>
      <div>
        <dt>Access</dt>
        <dd>{isGated ? 'gated' : 'open'}</dd>
      </div>
      <div>
        <dt>Commit</dt>
        <dd>
          {url === null ? (
            <span class="mono">{commit.slice(0, 7)}</span>
          ) : (
            <a href={url} rel="noreferrer" class="mono">
              {commit.slice(0, 7)}
            </a>
          )}
        </dd>
      </div>
    </dl>
  );
}
