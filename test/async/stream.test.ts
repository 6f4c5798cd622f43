import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  check,
  convert,
  diff,
  edit,
  generate,
  InterruptedError,
  imatrix,
  merge,
  quantize,
  SourceError,
  split,
} from '#src/index.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const source = join(fixtures, 'Tiny-Verse-2M');

test('awaited, a call gives what its last event has', async () => {
  const output = join(tempFolder(), 'a.gguf');
  const { files } = await convert({ source, outtype: 'f16', output });
  expect(files).toMatchObject([{ path: output, type: 'F16' }]);
  expect(existsSync(output)).toBe(true);
});

test('events first, then the result; it is made once', async () => {
  const output = join(tempFolder(), 'a.gguf');
  const call = convert({ source, outtype: 'f16', output });
  const kinds: string[] = [];
  for await (const { event } of call) {
    kinds.push(event);
  }
  expect(kinds.at(-1)).toBe('done');
  const result = await call;
  expect(result.files).toMatchObject([{ path: output }]);
  expect(await call).toBe(result);
});

test('after some events, the rest is awaited', async () => {
  const output = join(tempFolder(), 'a.gguf');
  const call = convert({ source, outtype: 'f16', output });
  expect((await call.next()).value).toMatchObject({ event: 'phase', phase: 'open' });
  expect((await call).files).toMatchObject([{ path: output }]);
});

test('a loop that is left early stops the work, and there is no result', async () => {
  const output = tempFolder();
  const call = convert({ source, outtype: 'f16', output });
  for await (const { event } of call) {
    if (event === 'plan') {
      break;
    }
  }
  await expect(call).rejects.toThrow(InterruptedError);
  expect(readdirSync(output)).toEqual([]);
});

test('every call is rejected when it is awaited and thrown from when it is looped over, with the same error', async () => {
  const [none, output] = [join(tempFolder(), 'none.gguf'), join(tempFolder(), 'out')];
  for (const start of [
    () => convert({ source: `${none}/`, output }),
    () => quantize({ source: none, quant: 'q8_0', output }),
    () => check({ source: none }),
    () => diff({ a: none, b: none }),
    () => edit({ source: none }),
    () => generate({ source: none, prompt: 'x' }),
    () => imatrix({ source: none, output }),
    () => merge({ source: none, output }),
    () => split({ source: none, output }),
  ]) {
    const awaited = await Promise.resolve(start()).catch((error: unknown) => error);
    const call = start();
    const looped = await (async () => {
      for await (const _ of call) {
        // To the error.
      }
    })().catch((error: unknown) => error);
    expect(looped).toBeInstanceOf(SourceError);
    expect(awaited).toEqual(looped);
    await expect(call).rejects.toBe(looped);
  }
});

test('an error that only the loop sees is no unhandled rejection', async () => {
  const seen: unknown[] = [];
  const see = (error: unknown) => seen.push(error);
  process.on('unhandledRejection', see);
  try {
    await expect(convert({ source: './nowhere' }).next()).resolves.toBeDefined();
    const call = convert({ source: './nowhere' });
    await expect(
      (async () => {
        for await (const _ of call) {
          // To the error.
        }
      })(),
    ).rejects.toThrow(SourceError);
    await new Promise((done) => setImmediate(done));
  } finally {
    process.off('unhandledRejection', see);
  }
  expect(seen).toEqual([]);
});
