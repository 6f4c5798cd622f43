import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { convert, plan } from '#src/calls/convert.js';
import { finish } from '../calls/records.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const tinyVerse = join(fixtures, 'Tiny-Verse-2M');

const HOSTILE = [
  '../../x',
  '..',
  '.',
  '/etc/x',
  'a/b',
  'a\\b',
  '..\\..\\x',
  'C:\\x',
  'nul\0nul',
  'line\nline\r\u2028',
  'bell\u0007\u001b[2J',
  'invoice\u202Efdp',
  '\u2066iso\u2069\u200F\u061C',
  '.hidden',
  '...',
  '../',
  '\ud800',
  '--help',
  'zero\u200bwidth\ufeff\u{e0041}',
  '$(id)`id`;|<>&*?"',
];

/** Everything that a repository says that can become a part of a file's name. */
const FIELDS: Readonly<Record<string, (folder: string, value: string) => void>> = {
  ...Object.fromEntries(
    ['name', 'model_name', 'basename', 'model_type', 'size_label', 'finetune', 'version'].map((field) => [
      `the model card's ${field}`,
      (folder: string, value: string) =>
        writeFileSync(join(folder, 'README.md'), `---\n${field}: ${JSON.stringify(value)}\n---\n`),
    ]),
  ),
  "config.json's _name_or_path": (folder, value) => {
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), _name_or_path: value }));
  },
};

/** A model whose field has that value, in a folder in which nothing else is. */
function modelWith(field: string, value: string): { source: string; output: string; around: string } {
  const around = tempFolder();
  const [source, output] = [join(around, 'models/model'), join(around, 'a/b/output')];
  cpSync(tinyVerse, source, { recursive: true });
  mkdirSync(output, { recursive: true });
  FIELDS[field]?.(source, value);
  return { source, output, around };
}

const ls = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

/** An empty name leaves the dash before the size at the beginning, as in the reference. */
const LEADS_AWAY = /[^\p{L}\p{M}\p{N}._'+,()-]|^\.|^--/u;

test.each(Object.keys(FIELDS))('whatever %s is, the file lies in the folder, under a plain name', async (field) => {
  for (const value of HOSTILE) {
    const { source, output, around } = modelWith(field, value);
    const [planned] = (await plan({ source, quant: 'q8_0', output })).files;
    expect({ value, folder: dirname(planned?.path ?? '') }).toEqual({ value, folder: output });
    expect(planned?.name).toMatch(/-Q8_0\.gguf$/);
    expect(planned?.name).not.toMatch(LEADS_AWAY);
    const before = ls(around);
    const { files } = await finish(convert({ source, vocabOnly: true, output }));
    const name = basename(files[0]?.path ?? '');
    expect(name).not.toMatch(LEADS_AWAY);
    expect(ls(around)).toEqual([...before, `a/b/output/${name}`].sort());
  }
});

test('the key-values keep what the repository says', async () => {
  const { source, output } = modelWith("the model card's version", '../../x');
  const [planned] = (await plan({ source, outtype: 'f16', output })).files;
  expect(new Map(planned?.kv).get('general.version')).toEqual({ type: 'string', value: '../../x' });
  expect(planned?.name).toBe('Model-2.0M-..-..-x-F16.gguf');
});

test.each(Object.keys(FIELDS))('a name that is too long for a file, by %s, is cut', async (field) => {
  const { source, output } = modelWith(field, `v${'1'.repeat(300)}`);
  const { files } = await finish(convert({ source, outtype: 'f16', output }));
  const [name = ''] = readdirSync(output);
  expect(files[0]?.path).toBe(join(output, name));
  expect(name).toMatch(/v?1{200,}-F16\.gguf$/);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
});

test("a name that is too long for a file is refused where it is the user's own", async () => {
  const output = `${'1'.repeat(300)}.gguf`;
  await expect(plan({ source: tinyVerse, output })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/has 305 bytes; at most 255 are possible\. Name the file with --out\.$/),
  });
});

test('a name of 255 bytes is written', async () => {
  const name = `${'ü'.repeat(125)}.gguf`;
  const output = join(tempFolder(), name);
  const { files } = await finish(convert({ source: tinyVerse, vocabOnly: true, output }));
  expect(Buffer.byteLength(name)).toBe(255);
  expect(files[0]?.path).toBe(output);
  expect(readdirSync(dirname(output))).toEqual([name]);
});

test('an output with a NUL in its name is refused', async () => {
  await expect(plan({ source: tinyVerse, output: 'a\0.gguf' })).rejects.toMatchObject({ exitCode: 2 });
});
