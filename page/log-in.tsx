import { useState } from 'preact/hooks';
import type { Session } from '../src/server/api.js';
import type { Backend } from './backend.js';
import { FailureCard } from './failure-card.js';
import { useSubmit } from './use-submit.js';

interface Props {
  readonly backend: Backend;
  readonly how: Session['how'];
  opened(session: Session): void;
}

/** How to get in where not everybody may. */
export function LogIn({ how, ...props }: Props) {
  return (
    <>
      <h1 tabIndex={-1}>Log in</h1>
      {how === 'huggingface' ? <HuggingFaceLink /> : <TokenForm {...props} />}
    </>
  );
}

/** The Hub asks its user, and sends the browser back. */
function HuggingFaceLink() {
  return (
    <>
      <p>This server converts models for people with an account at Hugging Face.</p>
      <a class="button primary" href="/login">
        Log in with Hugging Face
      </a>
    </>
  );
}

/** Asks for the token that the users of a server share. */
function TokenForm({ backend, opened }: Omit<Props, 'how'>) {
  const [token, setToken] = useState('');
  const { isSending, failure, submit } = useSubmit(async () => opened(await backend.logIn(token)));
  return (
    <>
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
