/**
 * Corrupted files of weights, plain and quantized, opened and decoded as a conversion does: any error but the project's
 * own, a tensor outside of its file, what takes too long or too much memory, is printed with the mutation's number. Half
 * of the mutations change fields of the format, half any bytes. Ends with 1 if anything was found.
 *
 *   node out/test/fuzz/checkpoint.js [--count 100000] [--seed N] [--only MUTATION]
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Attempt, attempt, PARSERS } from './checkpoint-attempt.js';

/** Seconds that a mutation may take on a busy machine. */
const SECONDS = 30;
/** MiB by which a mutation may raise the most that the process ever had. */
const MEMORY = 256;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
    only: { type: 'string' },
  },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
const [from, to] = values.only === undefined ? [0, count] : [Number(values.only), Number(values.only) + 1];

/** The mutation at hand, for the thread that ends the process when it stays the same. */
const current = new Int32Array(new SharedArrayBuffer(4));
const watch = new Worker(
  `const { workerData: { current, seconds } } = require('node:worker_threads');
  let [last, looks] = [-1, 0];
  setInterval(() => {
    looks = current[0] === last ? looks + 1 : 0;
    last = current[0];
    if (looks > seconds) {
      require('node:fs').writeSync(1, last + ': took more than ' + seconds + ' seconds\\n');
      process.kill(process.pid, 'SIGKILL');
    }
  }, 1000);`,
  { eval: true, workerData: { current, seconds: SECONDS } },
);

const attempts = new Map<string, Attempt[]>(PARSERS.map(({ name }) => [name, []]));
let findings = 0;
console.log(`seed ${seed}`);
for (let mutation = from; mutation < to; mutation++) {
  current[0] = mutation;
  const before = process.resourceUsage().maxRSS;
  const made = await attempt(seed, mutation);
  const taken = (process.resourceUsage().maxRSS - before) / 1024;
  const found = [
    ...(made.finding === undefined ? [] : [made.finding instanceof Error ? made.finding.stack : made.finding]),
    ...(mutation > from && taken > MEMORY ? [`took ${Math.round(taken)} MiB`] : []),
  ];
  for (const finding of found) {
    findings++;
    console.log(`${mutation}: ${made.parser}: ${finding}`);
  }
  attempts.get(made.parser)?.push(made);
}
await watch.terminate();
for (const [name, made] of attempts) {
  const share = (test: (attempt: Attempt) => boolean) =>
    `${((100 * made.filter(test).length) / Math.max(1, made.length)).toFixed(1)} %`;
  const [past, read] = [share(({ isPastHeader }) => isPastHeader), share(({ isRead }) => isRead)];
  console.log(`${name}: ${made.length} mutations, ${past} past the header, ${read} read`);
}
console.log(`${to - from} mutations: ${findings} findings`);
process.exitCode = findings > 0 ? 1 : 0;
