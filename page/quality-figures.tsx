import { BUNDLED_TEXT, FIGURES, measuredOn, PLOT_TEXT } from '../src/publish/quality-words.js';
import type { Job, Quality } from '../src/server/api.js';
import { formatBytes } from './format.js';

interface Props {
  readonly quality: Quality;
  readonly files: Job['files'];
  fileUrl(name: string): string;
}

/** How far the files are from the original, as a plot and as a table. */
export function QualityFigures({ quality, files, fileUrl }: Props) {
  const sizeOf = (type: string) => files.filter((file) => file.type === type).reduce((sum, { size }) => sum + size, 0);
  return (
    <section class="quality" aria-labelledby="quality">
      <h2 id="quality">Measured quality</h2>
      <div class="card">
        <table>
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col">Size</th>
              {FIGURES.map(({ head }) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {quality.models.map((model) => (
              <tr key={model.type}>
                <th scope="row">{model.type}</th>
                <td>{formatBytes(sizeOf(model.type))}</td>
                {FIGURES.map(({ head, text }) => (
                  <Cell key={head} text={text(model)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a phone it is wider than the screen, and scrolled by keys. */}
        <section class="plot" aria-label="Plot" tabIndex={0}>
          <img src={fileUrl(quality.plot)} width="800" height="520" alt={`${PLOT_TEXT}: the figures of the table.`} />
        </section>
        <p class="quiet">
          {FIGURES.map(
            ({ head, meaning }) =>
              meaning !== null && (
                <span key={head}>
                  <em>{head}</em>: {meaning}.{' '}
                </span>
              ),
          )}
          {measuredOn(BUNDLED_TEXT, quality)}
        </p>
      </div>
    </section>
  );
}

/** A figure; its error can go below it. */
function Cell({ text }: { readonly text: string }) {
  const [value, error] = text.split(' ± ');
  return (
    <td>
      {value} {error !== undefined && <span class="error">± {error}</span>}
    </td>
  );
}
