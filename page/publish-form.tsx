import { useState } from 'preact/hooks';
import { OPTION_TEXTS } from '../src/options/texts.js';
import type { Job } from '../src/server/api.js';
import type { Backend } from './backend.js';
import { FailureCard } from './failure-card.js';
import { Option } from './option.js';
import { go, jobLink } from './routes.js';
import { useSubmit } from './use-submit.js';

interface Props {
  readonly job: Job;
  readonly backend: Backend;
}

/** Puts a finished job's files into a repository of the user's, with a model card. */
export function PublishForm({ job: { source, quant, quality, splitMaxSize }, backend }: Props) {
  const [to, setTo] = useState('');
  const [isPrivate, setIsPrivate] = useState(true);
  const { isSending, failure, submit } = useSubmit(async () => {
    const publish = { to: to.trim(), private: isPrivate };
    const order = { source, quant, check: quality !== null, ...(splitMaxSize && { splitMaxSize }), publish };
    const { id } = await backend.start(order);
    go(jobLink(id));
  });
  return (
    <section aria-labelledby="publish">
      <h2 id="publish">Publish it</h2>
      <form class="card publish" onSubmit={submit}>
        <label class="field" for="to">
          Your repository on Hugging Face
        </label>
        <div class="row">
          <input
            type="text"
            id="to"
            aria-describedby="to-help"
            placeholder={`your-name/${source.replace(/^.*\/|@.*$/g, '')}-GGUF`}
            value={to}
            autocapitalize="off"
            spellcheck={false}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
          <button type="submit" disabled={to.trim() === '' || isSending}>
            Publish
          </button>
        </div>
        <p id="to-help" class="help">
          {OPTION_TEXTS.to}
        </p>
        <Option label="Private" help={OPTION_TEXTS.private} isOn={isPrivate} turn={setIsPrivate} />
      </form>
      {failure && <FailureCard failure={failure} />}
    </section>
  );
}
