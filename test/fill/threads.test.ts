import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, run } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const model = join(fixtures, 'Tiny-Verse-2M');

/**
 * Converts where the system starts so many threads and no more. A limit of the system itself would also stop Node's own
 * threads, without which it ends with an abort; so Node's class of threads is replaced by one that fails as it does.
 */
async function withThreads(count: number, folder: string): Promise<Finished> {
  const module = join(tempFolder(), 'few-threads.mjs');
  writeFileSync(
    module,
    `import threads from 'node:worker_threads';
     let left = ${count};
     threads.Worker = class extends threads.Worker {
       constructor(...args) {
         if (left-- <= 0) {
           const error = new Error('Worker initialization failure: EAGAIN');
           throw Object.assign(error, { code: 'ERR_WORKER_INIT_FAILED' });
         }
         super(...args);
       }
     };`,
  );
  const args = [model, '--outtype', 'f32', '--jobs', '3', '--out', join(folder, 'model.gguf'), '--quiet'];
  return run(args, { NODE_OPTIONS: `--import ${module}` });
}

test('without a single thread: exit code 6, the limit is named, and nothing is left', async () => {
  const folder = tempFolder();
  const { code, err } = await withThreads(0, folder);
  expect(err).toMatch(
    /^hf2gguf: The system starts no more threads\. Raise the limit of processes \(`ulimit -u`\), give/,
  );
  expect({ code, files: readdirSync(folder) }).toEqual({ code: 6, files: [] });
});

test('with fewer threads than asked for, those do the work', async () => {
  const folder = tempFolder();
  const { code, out } = await withThreads(1, folder);
  expect(out).toContain('model.gguf');
  expect({ code, files: readdirSync(folder) }).toEqual({ code: 0, files: ['model.gguf'] });
});
