import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPTION_TEXTS } from '#src/options/texts.js';
import { TYPE_NOTES } from '#src/quantize/type-notes.js';
import { run } from '../cli/run.js';
import { root } from '../paths.js';

/** A command's help without its line breaks. */
async function help(...words: readonly string[]): Promise<string> {
  return (await run(words)).out.replaceAll(/\s+/g, ' ');
}

const page = readFileSync(join(root, 'dist/page/main.js'), 'utf8');

test('what the page says of an option is what --help says', async () => {
  const [convert, publish] = await Promise.all([help('convert', '--help'), help('publish', '--help')]);
  for (const text of [OPTION_TEXTS.quant, OPTION_TEXTS.check]) {
    expect(convert).toContain(text);
    expect(page).toContain(text);
  }
  for (const text of [OPTION_TEXTS.to, OPTION_TEXTS.private]) {
    expect(publish).toContain(text);
    expect(page).toContain(text);
  }
  expect(convert).toContain(OPTION_TEXTS.splitMaxSize);
});

test('what the page says of a type is what hf2gguf types says', async () => {
  const types = await help('types');
  for (const type of ['Q8_0', 'Q4_K_M', 'Q2_K'] as const) {
    expect(types).toContain(TYPE_NOTES[type].use);
    expect(page).toContain(TYPE_NOTES[type].use);
  }
});
