import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { SourceError } from '#src/errors.js';
import { merge } from '#src/files/merge.js';
import { split } from '#src/files/split.js';
import { inspect } from '#src/gguf-files/inspect.js';
import { openGgufModel } from '#src/plan/gguf-model.js';
import { generate } from '#src/runner/generate/generate.js';
import { finish } from '../calls/records.js';
import { run } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

async function converted(): Promise<string> {
  const output = join(tempFolder(), 'model.gguf');
  await finish(convert({ source: join(fixtures, 'Tiny-Verse-2M'), output, jobs: 1 }));
  return output;
}

test('parts joined by their bytes: told by inspect, refused by all that read the tensors', async () => {
  const source = await converted();
  const { files } = await finish(split({ source, output: tempFolder(), splitMaxTensors: 10 }));
  const joined = join(tempFolder(), 'joined.gguf');
  writeFileSync(joined, Buffer.concat(files.map(({ path }) => readFileSync(path))));
  const { warnings } = await inspect({ source: joined });
  expect(warnings.map(({ what }) => what)).toEqual([
    expect.stringMatching(/goes on for \d+ bytes after its last tensor, with another GGUF file/),
    expect.stringMatching(/part 1 of 3, but its name/),
  ]);
  expect((await run(['inspect', joined])).err).toMatch(/Warning: .*hf2gguf merge/);
  const running = finish(generate({ source: joined, prompt: 'x', maxTokens: 1 }));
  await expect(running).rejects.toThrow(SourceError);
  await expect(running).rejects.toThrow(/another GGUF file.*hf2gguf merge/);
});

test('other bytes after the last tensor are doubtful', async () => {
  const source = await converted();
  expect((await inspect({ source })).warnings).toEqual([]);
  appendFileSync(source, 'more');
  expect((await inspect({ source })).warnings).toEqual([
    { what: expect.stringMatching(/goes on for 4 bytes after its last tensor\.$/), next: expect.any(String) },
  ]);
  const warnings: string[] = [];
  await openGgufModel(source, {}, { emit: ({ what }) => warnings.push(what) });
  expect(warnings).toEqual([expect.stringMatching(/4 bytes/)]);
});

test.each([
  ['model.gguf.part1of2', /cat \S*model\.gguf\.part1of2 \S*model\.gguf\.part2of2 > \S*model\.gguf$/],
  ['model.gguf-split-a', /cat \S*model\.gguf-split\* > \S*model\.gguf$/],
  ['model.gguf.001', /cat \S*model\.gguf\.\* > \S*model\.gguf$/],
])('%s is a piece, to be joined with others', async (name, message) => {
  const source = join(tempFolder(), name);
  copyFileSync(await converted(), source);
  const merging = finish(merge({ source, output: join(tempFolder(), 'y.gguf') }));
  await expect(merging).rejects.toThrow(SourceError);
  await expect(merging).rejects.toThrow(message);
});
