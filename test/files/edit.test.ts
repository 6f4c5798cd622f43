import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InterruptedError, UnsupportedError, UsageError } from '#src/errors.js';
import { type EditParams, type EditResult, edit } from '#src/files/edit.js';
import { run, start } from '../cli/run.js';
import { ggufBytes, type Parts, text, u32 } from '../gguf/byte-file.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

type Kv = NonNullable<Parts['kv']>;
const [U32, STRING] = [4, 8];
const FIRST: Kv = [
  ['general.architecture', STRING, text('llama')],
  ['llama.block_count', U32, u32(2)],
  ['raw', STRING, text(Buffer.from('80ff', 'hex'))],
];

/** A file with these key-values, two tensors and data that can be told apart. */
function fileOf(kv: Kv, version = 3): Buffer {
  const tensors = [
    { name: 'a', ne: [8], type: 0, offset: 0 },
    { name: 'b', ne: [64, 2], type: 8, offset: 32 },
  ];
  const dataBytes = 32 + 2 * 68;
  const bytes = ggufBytes({ version, kv, tensors, dataBytes });
  for (let i = 0; i < dataBytes; i++) {
    bytes[bytes.length - dataBytes + i] = i + 1;
  }
  return bytes;
}

function written(bytes: Buffer): string {
  const path = join(tempFolder(), 'model.gguf');
  writeFileSync(path, bytes);
  return path;
}

async function editAll(params: EditParams): Promise<EditResult> {
  const events = edit(params);
  for (;;) {
    const next = await events.next();
    if (next.done) {
      return next.value;
    }
  }
}

const hex = (path: string) => readFileSync(path).toString('hex');

test('a number is changed in the file itself', async () => {
  const file = written(fileOf(FIRST));
  const before = statSync(file);
  const result = await editAll({ source: file, set: ['llama.block_count=33'] });
  expect(result).toEqual({
    path: file,
    changes: [{ key: 'llama.block_count', from: { type: 'u32', value: 2 }, to: { type: 'u32', value: 33 } }],
    written: 'header',
    replaced: false,
  });
  expect(hex(file)).toBe(fileOf(FIRST.with(1, ['llama.block_count', U32, u32(33)])).toString('hex'));
  expect(statSync(file).ino).toBe(before.ino);
});

test('what moves the rest of the header is written as a new file', async () => {
  const file = written(fileOf(FIRST));
  chmodSync(file, 0o640);
  const before = statSync(file);
  const result = await editAll({ source: file, set: ['general.architecture=a much longer name than before', 'new=5'] });
  expect(result.written).toBe('file');
  const kv: Kv = [
    ...FIRST.with(0, ['general.architecture', STRING, text('a much longer name than before')]),
    ['new', U32, u32(5)],
  ];
  expect(hex(file)).toBe(fileOf(kv).toString('hex'));
  expect(statSync(file).mode).toBe(before.mode);
  expect(readdirSync(join(file, '..'))).toEqual(['model.gguf']);
});

test('a change of the same length in more than one sector is written as a new file', async () => {
  const long = (letter: string) => [...FIRST, ['long', STRING, text(letter.repeat(2000))]] as Kv;
  const file = written(fileOf(long('a')));
  const before = statSync(file);
  expect((await editAll({ source: file, set: [`long=${'b'.repeat(2000)}`] })).written).toBe('file');
  expect(hex(file)).toBe(fileOf(long('b')).toString('hex'));
  expect(statSync(file).ino).not.toBe(before.ino);
});

test('keys are removed, and --out leaves the file as it is', async () => {
  const bytes = fileOf(FIRST);
  const file = written(bytes);
  const out = join(tempFolder(), 'new', 'out.gguf');
  const result = await editAll({ source: file, remove: ['llama.block_count'], output: out });
  expect(result.changes).toEqual([{ key: 'llama.block_count', from: { type: 'u32', value: 2 }, to: null }]);
  expect(hex(out)).toBe(fileOf(FIRST.toSpliced(1, 1)).toString('hex'));
  expect(hex(file)).toBe(bytes.toString('hex'));
});

test('the keys that say which part it is stay in a part, and can go after a merge', async () => {
  const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
  const split = (count: number): Kv => [...FIRST, ['split.count', 2, u16(count)]];
  const file = written(fileOf(split(0)));
  await editAll({ source: file, remove: ['split.count'] });
  expect(hex(file)).toBe(fileOf(FIRST).toString('hex'));
  const part = written(fileOf(split(3)));
  await expect(editAll({ source: part, remove: ['split.count'] })).rejects.toThrow("split.count can't be removed");
});

test('nothing to change: nothing is written', async () => {
  const file = written(fileOf(FIRST));
  expect(await editAll({ source: file, set: ['llama.block_count=2'] })).toEqual({
    path: file,
    changes: [],
    written: 'nothing',
    replaced: false,
  });
});

test('a chat template, its line ends as Python reads them', async () => {
  const file = written(fileOf(FIRST));
  const chatTemplate = join(tempFolder(), 'template.jinja');
  writeFileSync(chatTemplate, '{{ "é" }}\r\n{{ x }}\r');
  await editAll({ source: file, chatTemplate });
  const kv: Kv = [...FIRST, ['tokenizer.chat_template', STRING, text('{{ "é" }}\n{{ x }}\n')]];
  expect(hex(file)).toBe(fileOf(kv).toString('hex'));
  writeFileSync(chatTemplate, Buffer.of(0xff));
  await expect(editAll({ source: file, chatTemplate })).rejects.toThrow('is no UTF-8');
  await expect(editAll({ source: file, chatTemplate: 'no/such' })).rejects.toThrow(
    /^--chat-template no\/such can't be read/,
  );
});

test('an alignment of 64 stays', async () => {
  const source = readFileSync(join(fixtures, 'gguf', 'little-endian.bin'));
  const file = written(source);
  await editAll({ source: file, set: ['a.string=something that takes more bytes than there were before'] });
  const after = readFileSync(file);
  expect(after.length).toBe(source.length + 64);
  expect(after.subarray(960 + 64).equals(source.subarray(960))).toBe(true);
});

test.each([
  ['no tensors, not padded', 0],
  ['no tensors, padded', 32],
])('a file of %s', async (_, multiple) => {
  const pad = (bytes: Buffer) =>
    Buffer.concat([bytes, Buffer.alloc(multiple && (multiple - (bytes.length % 32)) % 32)]);
  const file = written(pad(ggufBytes({ kv: FIRST })));
  await editAll({ source: file, set: ['x=1'] });
  expect(hex(file)).toBe(pad(ggufBytes({ kv: [...FIRST, ['x', U32, u32(1)]] })).toString('hex'));
});

test('where the file is a link, what it leads to is edited', async () => {
  const file = written(fileOf(FIRST));
  const link = join(tempFolder(), 'link.gguf');
  symlinkSync(file, link);
  await editAll({ source: link, set: ['new=1'] });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(hex(file)).toBe(fileOf([...FIRST, ['new', U32, u32(1)]]).toString('hex'));
});

test.each<[Partial<EditParams>, string]>([
  [{ set: ['general.alignment=64'] }, "general.alignment can't be set"],
  [{ set: ['split.count=2'] }, "split.count can't be set"],
  [{ set: ['general.architecture=u32:1'] }, 'general.architecture has to be a string'],
  [{ remove: ['general.architecture'] }, "general.architecture can't be removed"],
  [{ remove: ['nothing'] }, 'There is no key nothing to remove'],
  [{ set: [`x=${'y'.repeat(2 ** 24 + 1)}`] }, 'would'],
])('%j is refused, and the file stays', async (params, message) => {
  const bytes = fileOf(FIRST);
  const file = written(bytes);
  const failure = await editAll({ source: file, ...params }).catch((error) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect(failure.message).toContain(message === 'would' ? 'With these values,' : message);
  expect(hex(file)).toBe(bytes.toString('hex'));
});

test('a big-endian file is refused', async () => {
  const file = join(fixtures, 'gguf', 'big-endian.bin');
  await expect(editAll({ source: file, set: ['a.u8=1'] })).rejects.toThrow(UnsupportedError);
});

test('stopped while it copies, the old file stays and nothing lies beside it', async () => {
  const tensors = [{ name: 'a', ne: [6 * 2 ** 20], type: 0, offset: 0 }];
  const bytes = ggufBytes({ kv: FIRST, tensors, dataBytes: 24 * 2 ** 20 });
  const file = written(bytes);
  const stop = new AbortController();
  const editing = async () => {
    for await (const event of edit({ source: file, set: ['new=1'], signal: stop.signal })) {
      if (event.event === 'progress') {
        stop.abort();
      }
    }
  };
  await expect(editing()).rejects.toThrow(InterruptedError);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(readdirSync(join(file, '..'))).toEqual(['model.gguf']);
});

test('killed at any time, the file is the old or the new one', async () => {
  const tensors = [{ name: 'a', ne: [2 ** 20], type: 0, offset: 0 }];
  const old = ggufBytes({ kv: FIRST, tensors, dataBytes: 2 ** 22 });
  const edited = ggufBytes({ kv: [...FIRST, ['new', U32, u32(1)]], tensors, dataBytes: 2 ** 22 });
  const file = written(old);
  for (const pattern of [/\+ new/, /100 %/]) {
    const { child, finished, seen } = start(['edit', file, '--set', 'new=1']);
    await Promise.race([seen(pattern), finished]);
    child.kill('SIGKILL');
    await finished;
    const now = readFileSync(file);
    expect(now.equals(old) || now.equals(edited)).toBe(true);
  }
});

test('the command line says what changed', async () => {
  const file = written(fileOf(FIRST));
  const done = await run([
    'edit',
    file,
    '--set',
    'llama.block_count=3',
    '--set',
    'x=[1,2,3,4,5,6,7,8]',
    '--remove',
    'raw',
  ]);
  expect(done.code).toBe(0);
  expect(done.out.split('\n')).toEqual([
    '~ llama.block_count  u32  2  →  u32  3',
    '- raw  string  \\udc80\\udcff',
    '+ x  i32[8]  [1, 2, 3, 4, 5, 6, …]',
    `${file}: written`,
    '',
  ]);
  const json = await run(['edit', file, '--set', 'llama.block_count=4', '--json']);
  expect(
    json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    expect.objectContaining({ event: 'start', command: 'edit' }),
    { event: 'change', key: 'llama.block_count', from: { type: 'u32', value: 3 }, to: { type: 'u32', value: 4 } },
    { event: 'done', result: expect.objectContaining({ path: file, written: 'header' }) },
  ]);
  const wrong = await run(['edit', file, '--set', 'llama.block_count=x']);
  expect(wrong).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^hf2gguf: --set llama.block_count=x: the value/),
  });
});

test('a chat template that cannot be parsed is doubted where it is written', async () => {
  const template = join(tempFolder(), 't.jinja');
  writeFileSync(template, '{% for m in messages %}{{ m.content }');
  const file = written(fileOf(FIRST));
  const before = hex(file);
  await expect(editAll({ source: file, chatTemplate: template, strict: true })).rejects.toMatchObject({ exitCode: 7 });
  expect(hex(file)).toBe(before);
  const { code, err } = await run(['edit', file, '--chat-template', template]);
  expect(code).toBe(0);
  expect(err).toMatch(/Warning: tokenizer\.chat_template is no template that can be used/);
  const again = await run(['edit', file, '--set', 'general.name=x', '--strict']);
  expect(again.code).toBe(0);
  expect(again.err).not.toMatch(/Warning/);
});
