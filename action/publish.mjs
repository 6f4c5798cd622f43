// The last step of action.yml: runs `hf2gguf publish`, shows its lines in the log, and writes the outputs and the summary of
// the job.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const { MODEL = '', TO = '', QUANT = '', OPTIONS = '', GITHUB_OUTPUT, GITHUB_STEP_SUMMARY } = process.env;

/**
 * Words of a command line: white space separates them, but for what stands in quotes.
 * @param {string} text
 */
function wordsOf(text) {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single),
  );
}

/**
 * The end of a run: its result, or why there is none.
 * @typedef {{ result?: Result, error?: { what: string, next: string } }} End
 * @typedef {{ repository: string, url: string, commit: string | null, files: readonly File[] }} Result
 * @typedef {{ type: string, bitsPerWeight: number, parts: readonly { path: string, size: number }[], measured: Measured | null }} File
 * @typedef {{ perplexity: { value: number }, kld: { value: number } }} Measured
 */

/** @returns {Promise<{ code: number, end: End }>} */
function publish() {
  // A word that begins with a dash after `--` would be taken for no option, so names come before it.
  const words = ['publish', '--json', '--to', TO, '--quant', QUANT, ...wordsOf(OPTIONS), '--', MODEL];
  const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  /** @type {End} */
  const end = {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line);
    if (event.event === 'done') {
      end.result = event.result;
    } else if (event.event === 'error') {
      end.error = event;
    }
    // Progress is for terminals: a log would have thousands of such lines.
    if (event.event !== 'progress' && event.event !== 'measured') {
      console.log(shown(event));
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code: code ?? 1, end }));
  });
}

/**
 * An event on a line of the log.
 * @param {{ event: string, [field: string]: unknown }} event
 */
function shown({ event, ...fields }) {
  const text = event === 'done' ? '' : ` ${JSON.stringify(fields)}`;
  return `${event}${text.length > 500 ? `${text.slice(0, 500)}…` : text}`;
}

/** @param {Result} result */
function summary({ repository, url, commit, files }) {
  const rows = files.map(({ type, bitsPerWeight, parts, measured }) => {
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const figures = measured ? [measured.perplexity.value.toFixed(3), measured.kld.value.toFixed(5)] : ['–', '–'];
    return `| ${[type, `${(size / 1e9).toFixed(2)} GB`, bitsPerWeight.toFixed(2), ...figures].join(' | ')} |`;
  });
  const state = commit === null ? 'Nothing had changed.' : `Commit \`${commit}\`.`;
  return [
    `### [${repository}](${url})`,
    state,
    [
      '| Type | Size | Bits per weight | Perplexity | KL divergence |',
      '| --- | ---: | ---: | ---: | ---: |',
      ...rows,
    ].join('\n'),
    '',
  ].join('\n\n');
}

/**
 * @param {string | undefined} path of a file that GitHub reads
 * @param {string} text
 */
function add(path, text) {
  if (path) {
    appendFileSync(path, text);
  }
}

const { code, end } = await publish();
if (end.result) {
  const { repository, url, commit, files } = end.result;
  const outputs = { repository, url, commit: commit ?? '', files: JSON.stringify(files) };
  add(
    GITHUB_OUTPUT,
    Object.entries(outputs)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  add(GITHUB_STEP_SUMMARY, summary(end.result));
} else if (end.error) {
  const { what, next } = end.error;
  // GitHub reads these signs as its own.
  const escaped = `${what} ${next}`.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  console.log(`::error title=hf2gguf::${escaped}`);
  add(GITHUB_STEP_SUMMARY, `### Not published\n\n${what} ${next}\n`);
}
process.exitCode = code;
