import { useState } from 'preact/hooks';
import type { Failure, Session } from '../src/server/api.js';
import { type Backend, failureOf } from './backend.js';
import { FailureCard } from './failure-card.js';

interface Props {
  readonly backend: Backend;
  opened(session: Session): void;
}

/** Asks for the token of a server that is not for everybody. */
export function LogIn({ backend, opened }: Props) {
  const [token, setToken] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isSending, setIsSending] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setIsSending(true);
    setFailure(null);
    await backend.logIn(token).then(opened, (error) => setFailure(failureOf(error)));
    setIsSending(false);
  };
  return (
    <>
      <h1 tabIndex={-1}>Log in</h1>
      <form class="fields" onSubmit={submit}>
        <label>
          <span>Token of this server</span>
          <input
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={token === '' || isSending}>
          Log in
        </button>
      </form>
      {failure && <FailureCard failure={failure} />}
    </>
  );
}
