import { useState } from 'preact/hooks';
import type { Job } from '../src/server/api.js';
import type { Backend } from './backend.js';
import { FailureCard } from './failure-card.js';
import { go, jobLink } from './routes.js';
import { useSubmit } from './use-submit.js';

interface Props {
  readonly job: Job;
  readonly backend: Backend;
}

/** Puts a finished job's files into a repository of the user's, with a model card. */
export function PublishForm({ job: { source, quant, splitMaxSize }, backend }: Props) {
  const [to, setTo] = useState('');
  const [isPrivate, setIsPrivate] = useState(true);
  const { isSending, failure, submit } = useSubmit(async () => {
    const publish = { to: to.trim(), private: isPrivate };
    const { id } = await backend.start({ source, quant, ...(splitMaxSize && { splitMaxSize }), publish });
    go(jobLink(id));
  });
  return (
    <section aria-labelledby="publish">
      <h2 id="publish">Publish it</h2>
      <form class="fields" onSubmit={submit}>
        <label>
          <span>Your repository on Hugging Face</span>
          <input
            type="text"
            placeholder={`your-name/${source.replace(/^.*\/|@.*$/g, '')}-GGUF`}
            value={to}
            autocapitalize="off"
            spellcheck={false}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked={isPrivate} onChange={(event) => setIsPrivate(event.currentTarget.checked)} />
          <span>as a private one</span>
        </label>
        <button type="submit" disabled={to.trim() === '' || isSending}>
          Publish
        </button>
      </form>
      {failure && <FailureCard failure={failure} />}
    </section>
  );
}
