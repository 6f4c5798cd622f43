import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { quantize } from '#src/calls/quantize.js';
import { ChangedSourceError } from '#src/repo/unchanged.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const tiny = join(fixtures, 'Tiny-Verse-2M');

/** What another program may do to a file; the size stays the same, except where the name says otherwise. */
const CHANGES: Record<string, (path: string) => void> = {
  'written to in place': (path) => writeFileSync(path, Buffer.alloc(16), { flag: 'r+' }),
  'made longer': (path) => appendFileSync(path, 'x'),
  'replaced by a copy of it': (path) => {
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  },
  'given another time': (path) => utimesSync(path, 1, 1),
};

describe.each(Object.entries(CHANGES))('a source that is %s while it is read', (_, change) => {
  /** Changes a file once its header has been read, and expects that nothing is written. */
  async function expectRefused(events: AsyncIterable<{ event: string }>, path: string, out: string): Promise<void> {
    const reading = async () => {
      for await (const { event } of events) {
        if (event === 'plan') {
          change(path);
        }
      }
    };
    const error = await reading().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ChangedSourceError);
    expect((error as ChangedSourceError).exitCode).toBe(4);
    expect((error as Error).message).toMatch(/^model\.\w+ changed while it was read\. Wait until nothing writes to it/);
    expect(readdirSync(out)).toEqual([]);
  }

  test('a checkpoint', async () => {
    const [source, out] = [join(tempFolder(), 'model'), join(tempFolder(), 'out')];
    cpSync(tiny, source, { recursive: true });
    mkdirSync(out);
    await expectRefused(convert({ source, outtype: 'f32', output: out }), join(source, 'model.safetensors'), out);
  });

  test('a GGUF file', async () => {
    const [folder, out] = [tempFolder(), join(tempFolder(), 'out')];
    const source = join(folder, 'model.gguf');
    await convert({ source: tiny, outtype: 'f32', output: source });
    mkdirSync(out);
    await expectRefused(quantize({ source, quant: 'Q8_0', output: out }), source, out);
  });
});
