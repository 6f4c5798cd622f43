import { useState } from 'preact/hooks';
import type { Session } from '../src/server/api.js';
import type { Backend } from './backend.js';
import { FailureCard } from './failure-card.js';
import { useSubmit } from './use-submit.js';

interface Props {
  readonly backend: Backend;
  opened(session: Session): void;
}

/** Asks for the token of a server that is not for everybody. */
export function LogIn({ backend, opened }: Props) {
  const [token, setToken] = useState('');
  const { isSending, failure, submit } = useSubmit(async () => opened(await backend.logIn(token)));
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
