import type { ComponentChildren } from 'preact';
import type { Failure } from '../src/server/api.js';

interface Props {
  readonly failure: Failure;
  /** What the user can press. */
  readonly children?: ComponentChildren;
}

/** What is wrong, and what to do. */
export function FailureCard({ failure: { what, next }, children }: Props) {
  return (
    <div class="card failure" role="alert">
      <p class="what">{what}</p>
      {next !== undefined && <p>{next}</p>}
      {children && <div class="actions">{children}</div>}
    </div>
  );
}
