import { useState } from 'preact/hooks';
import type { Job } from '../src/server/api.js';
import { CopyButton } from './copy-button.js';
import { formatBytes, formatExact } from './format.js';
import { runCommands } from './run-commands.js';

const LATER_PART = /-(?!00001)\d{5}-of-\d{5}\.gguf$/;

interface Props {
  readonly job: Job;
  fileUrl(name: string): string;
}

/** The files of a finished job, and how they are run. */
export function Results({ job: { files }, fileUrl }: Props) {
  // Programs take a split model by its first part.
  const models = files.filter(({ type, name }) => type !== null && !LATER_PART.test(name));
  const [wanted, setWanted] = useState(models[0]?.name);
  return (
    <>
      <section aria-labelledby="files">
        <h2 id="files">Files</h2>
        <ul class="files card">
          {files.map(({ name, size }) => (
            <li key={name}>
              <span class="name">{name}</span>
              <span class="quiet">
                {formatBytes(size)} · {formatExact(size)} bytes
              </span>
              <a
                class={files.length === 1 ? 'button primary' : 'button soft'}
                href={fileUrl(name)}
                download={name}
                aria-label={`Download ${name}`}
              >
                Download
              </a>
            </li>
          ))}
        </ul>
      </section>
      {wanted !== undefined && (
        <section aria-labelledby="run">
          <div class="order-head">
            <h2 id="run">Run it</h2>
            {models.length > 1 && (
              <label class="device">
                <span>File</span>
                <select value={wanted} onChange={(event) => setWanted(event.currentTarget.value)}>
                  {models.map(({ name, type }) => (
                    <option key={name} value={name}>
                      {type}
                    </option>
                  ))}
                </select>
              </label>
            )}
          </div>
          <dl class="commands">
            {runCommands(wanted).map(({ program, command }) => (
              <div key={program} class="card">
                <dt>{program}</dt>
                <dd>
                  <pre>
                    <code>{command}</code>
                  </pre>
                </dd>
                <dd>
                  <CopyButton text={command} of={program} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
    </>
  );
}
