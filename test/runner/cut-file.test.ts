import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, start } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const source = join(fixtures, 'Tiny-Verse-2M');

/** A model and a text over which it runs for some seconds. */
async function model(): Promise<{ path: string; text: string }> {
  const folder = tempFolder();
  const [path, text] = [join(folder, 'model.gguf'), join(folder, 'text.txt')];
  expect(await run([source, '--outtype', 'f32', '--out', path])).toMatchObject({ code: 0 });
  writeFileSync(text, 'the quick brown fox jumps over the lazy dog and runs away from the wolf\n'.repeat(6000));
  return { path, text };
}

// The file is mapped: without a handler, the system would end the process with SIGBUS.
test.each([0, 0.5])(
  'a model that is cut to %f of its size while it runs ends in a typed error, without a signal',
  async (share) => {
    const { path, text } = await model();
    const { child, finished, seen } = start(['check', path, '--text', text, '--json']);
    await seen(/"unit":"chunks","done":1,/);
    truncateSync(path, share * statSync(path).size);
    const { code, out } = await finished;
    expect({ code, signal: child.signalCode }).toEqual({ code: 4, signal: null });
    expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      ...{ event: 'error', name: 'WeightsFileError', what: `${path} became shorter while it was read.` },
    });
  },
  60_000,
);

test('a model that is written to while it runs ends in a typed error', async () => {
  const { path, text } = await model();
  const { finished, seen } = start(['check', path, '--text', text, '--json']);
  await seen(/"unit":"chunks","done":1,/);
  // In place: a file that is opened to be written anew would be empty for a moment.
  writeFileSync(path, Buffer.alloc(4096), { flag: 'r+' });
  const { code, err } = await finished;
  expect(err).toContain(`${path} changed while it was read.`);
  expect(code).toBe(4);
}, 60_000);
