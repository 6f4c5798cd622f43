import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint } from '#src/checkpoint/checkpoint.js';
import { Hf2ggufError } from '#src/errors.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from '../../memory-repo.js';
import { fixtures } from '../../paths.js';
import {
  call,
  dict,
  global,
  int,
  legacyFile,
  legacyStart,
  list,
  MARK,
  none,
  number,
  type Ops,
  opcode,
  pickle,
  state,
  storage,
  tensor,
  text,
  tuple,
} from './pickle-writer.js';
import { type Entry, torchEntries, torchFile, zip } from './zip-writer.js';

type Case = readonly [what: string, bytes: Buffer, error: string, sentence: RegExp];

const STORAGE = Buffer.alloc(48);
const file = (ops: Ops): Buffer => torchFile(ops, { 0: STORAGE });
const withTensor = (ops: Ops): Buffer => file(dict([text('a'), tensor()], [text('b'), ops]));
const shaped = (parts: Parameters<typeof tensor>[0]): Buffer => file(state({ a: tensor(parts) }));
const fixture = (name: string): Buffer => readFileSync(join(fixtures, 'pickles', name));
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
const times = (count: number, ...ops: readonly Buffer[]): Buffer =>
  Buffer.concat(Array<Buffer>(count).fill(Buffer.concat(ops)));

const CODE: readonly Case[] = [
  [
    'a command',
    withTensor(call('os.system', text('id'))),
    'UnsafePickleError',
    /asks for os\.system, which is no tensor/,
  ],
  [
    'a command, named and not called',
    withTensor(global('posix.system')),
    'UnsafePickleError',
    /asks for posix\.system/,
  ],
  ['eval', withTensor(call('builtins.eval', text('1'))), 'UnsafePickleError', /asks for builtins\.eval/],
  ['getattr', withTensor(call('builtins.getattr', none, text('x'))), 'UnsafePickleError', /builtins\.getattr/],
  [
    'a name with dots, put together on the stack',
    withTensor([...text('torch'), ...text('_utils.os.system'), opcode(0x93)]),
    'UnsafePickleError',
    /asks for torch\._utils\.os\.system/,
  ],
  ['a name that is inherited', withTensor(global('constructor.prototype')), 'UnsafePickleError', /constructor/],
  ['a long name', withTensor(global(`a.${'b'.repeat(100_000)}`)), 'UnsafePickleError', /^.{300,500}$/],
  [
    'a call of what a call gives',
    withTensor([...call('torch.Size', tuple()), ...tuple(), opcode('R')]),
    'MalformedPickleError',
    /calls what is no function/,
  ],
  [
    'a function among the arguments of the one that calls functions',
    withTensor(
      call(
        'torch._tensor._rebuild_from_type_v2',
        global('torch._tensor._rebuild_from_type_v2'),
        global('torch.Tensor'),
        tuple(),
      ),
    ),
    'UnsafePickleError',
    /calls torch\._tensor\._rebuild_from_type_v2 with arguments that are not its own/,
  ],
  ['other arguments', withTensor(call('torch._utils._rebuild_tensor_v2', int(1))), 'UnsafePickleError', /arguments/],
  ['a dtype that is called', withTensor(call('torch.float16')), 'UnsafePickleError', /torch\.float16 with arguments/],
  ['INST', withTensor([MARK, opcode('i', Buffer.from('os\nsystem\n'))]), 'UnsafePickleError', /asks for os\.system/],
  ['OBJ', withTensor([MARK, ...global('torch.Size'), opcode('o')]), 'UnsafePickleError', /opcode OBJ/],
  ['NEWOBJ', withTensor([...global('torch.Size'), ...tuple(), opcode(0x81)]), 'UnsafePickleError', /opcode NEWOBJ/],
  ['NEWOBJ_EX', withTensor([opcode(0x92)]), 'UnsafePickleError', /opcode NEWOBJ_EX/],
  ['EXT1', withTensor([opcode(0x82, bytes(1))]), 'UnsafePickleError', /EXT1/],
  ['EXT4', withTensor([opcode(0x84, number(1, 4))]), 'UnsafePickleError', /EXT4/],
  ['PERSID', withTensor([opcode('P', Buffer.from('x\n'))]), 'UnsafePickleError', /opcode P of the oldest protocol/],
  ['a buffer from elsewhere', withTensor([opcode(0x97)]), 'UnsafePickleError', /NEXT_BUFFER/],
  [
    'attributes of a class',
    withTensor([...global('torch.Size'), ...dict([text('x'), int(1)]), opcode('b')]),
    'MalformedPickleError',
    /sets attributes of what is no dictionary/,
  ],
];

const PICKLES: readonly Case[] = [
  ['an unknown opcode', withTensor([opcode(0xff)]), 'MalformedPickleError', /the byte 0xff/],
  ['an empty stack', file([opcode('0'), opcode('0')]), 'MalformedPickleError', /empty stack/],
  ['values from under a mark', file([...int(1), MARK, opcode(0x85)]), 'MalformedPickleError', /empty stack/],
  ['no mark', file([opcode('t')]), 'MalformedPickleError', /mark that is not there/],
  [
    'a value that was never stored',
    file([opcode('j', number(2 ** 32 - 1, 4))]),
    'MalformedPickleError',
    /recalls value 4294967295/,
  ],
  [
    'items of a list',
    file([opcode(']'), ...text('a'), ...int(1), opcode('s')]),
    'MalformedPickleError',
    /no dictionary/,
  ],
  [
    'a key without a value',
    file([opcode('}'), MARK, ...text('a'), opcode('u')]),
    'MalformedPickleError',
    /no dictionary/,
  ],
  [
    'values appended to a dictionary',
    file([opcode('}'), ...text('a'), opcode('a')]),
    'MalformedPickleError',
    /no list/,
  ],
  ['a huge LONG4', file([opcode(0x8b, number(2 ** 31 - 1, 4))]), 'PickleLimitError', /integer of 2147483647 bytes/],
  ['a huge BINUNICODE', file([opcode('X', number(2 ** 32 - 1, 4))]), 'TruncatedPickleError', /ends within its pickle/],
  ['a huge BINBYTES8', file([opcode(0x8e, number(2n ** 63n, 8))]), 'TruncatedPickleError', /ends within its pickle/],
  ['a huge BINUNICODE8', file([opcode(0x8d, number(-1, 8))]), 'TruncatedPickleError', /ends within its pickle/],
  ['a line without an end', file([opcode('c', Buffer.from('os'))]), 'TruncatedPickleError', /ends within its pickle/],
  [
    'no last opcode',
    zip({ entries: [{ name: 'a/data.pkl', bytes: bytes(0x80, 2, 0x7d) }] }),
    'TruncatedPickleError',
    /byte 3/,
  ],
  ['an empty pickle', zip({ entries: [{ name: 'a/data.pkl', bytes: bytes() }] }), 'TruncatedPickleError', /byte 0/],
  ['no dictionary', file(list(tensor())), 'StateDictError', /holds no dictionary of tensors/],
  ['tensors without names', file(dict([int(1), tensor()])), 'StateDictError', /whose name is no text/],
  [
    'a dictionary of another name',
    fixture('unknown-wrapper.bin'),
    'StateDictError',
    /within its dictionary: "ema".*save the dictionary of the tensors alone/,
  ],
  ['tensors on two levels', fixture('two-levels.bin'), 'StateDictError', /within its dictionary: "more"/],
  ['a list', fixture('no-dictionary.bin'), 'StateDictError', /holds no dictionary of tensors/],
];

const TENSORS: readonly Case[] = [
  [
    'a negative size',
    shaped({ shape: [-3, -4] }),
    'PickledTensorError',
    /Tensor a in pytorch_model\.bin has no valid shape/,
  ],
  ['a negative stride', shaped({ offset: 11, strides: [-4, -1] }), 'PickledTensorError', /no valid strides/],
  ['a negative offset', shaped({ offset: -1 }), 'PickledTensorError', /no valid offset/],
  [
    'a shape that overflows',
    shaped({ shape: [2 ** 40, 2 ** 40], strides: [0, 0] }),
    'PickledTensorError',
    /size overflows/,
  ],
  ['a size beyond any', shaped({ shape: [2n ** 62n], strides: [0] }), 'PickledTensorError', /no valid shape/],
  [
    'strides that overflow',
    shaped({ shape: [3, 2], strides: [2 ** 53 - 1, 2 ** 53 - 1] }),
    'PickledTensorError',
    /storage of 12/,
  ],
  ['an end beyond the storage', shaped({ offset: 1 }), 'PickledTensorError', /ends at element 13 of a storage of 12/],
  ['more dimensions than strides', shaped({ strides: [1] }), 'PickledTensorError', /2 dimensions and 1 strides/],
  [
    'many dimensions',
    shaped({ shape: Array(9).fill(1), strides: Array(9).fill(1) }),
    'PickledTensorError',
    /9 dimensions/,
  ],
  ['elements that share places', shaped({ shape: [3, 4], strides: [1, 1] }), 'PickledTensorError', /elements overlap/],
  [
    'elements repeated without end',
    shaped({ shape: [2 ** 40, 4], strides: [0, 1] }),
    'PickledTensorError',
    /repeating/,
  ],
  [
    'a million pieces',
    torchFile(
      state({
        a: tensor({
          of: storage({ type: 'torch.ByteStorage', count: 2 ** 20 }),
          shape: [300, 300, 2],
          strides: [3000, 7, 2],
        }),
      }),
      { 0: Buffer.alloc(2 ** 20) },
    ),
    'PickledTensorError',
    /scattered over more than 65536 places/,
  ],
  [
    'a storage that is not there',
    file(state({ a: tensor({ of: storage({ key: '1' }) }) })),
    'PickledTensorError',
    /names storage 1, and has no such entry/,
  ],
  [
    'a storage of a key with ..',
    file(state({ a: tensor({ of: storage({ key: '../data.pkl' }) }) })),
    'PickledTensorError',
    /no such entry/,
  ],
  [
    'a storage of another size',
    file(state({ a: tensor({ of: storage({ count: 13 }) }) })),
    'PickledTensorError',
    /48 bytes, but 13 elements of F32 need 52/,
  ],
  [
    'a storage of a negative size',
    file(state({ a: tensor({ of: storage({ count: -12 }) }) })),
    'MalformedPickleError',
    /names no storage/,
  ],
  [
    'a storage described in two ways',
    file(state({ a: tensor(), b: tensor({ of: storage({ type: 'torch.IntStorage' }) }) })),
    'PickledTensorError',
    /describes its storage 0 in two ways/,
  ],
  [
    'a storage of a class that is none',
    file(state({ a: tensor({ of: storage({ type: 'torch.float32' }) }) })),
    'MalformedPickleError',
    /names no storage/,
  ],
  [
    'a part beyond its storage',
    legacyFile(state({ a: tensor({ of: storage({ part: tuple(text('1'), int(1), int(12)) }) }) }), { 0: STORAGE }),
    'MalformedPickleError',
    /names no storage/,
  ],
];

const good = torchEntries(state({ a: tensor() }), { 0: STORAGE });
const changed = (name: string, change: Partial<Entry>): Entry[] =>
  good.map((entry) => (entry.name === name ? { ...entry, ...change } : entry));
const [PICKLE, DATA] = ['archive/data.pkl', 'archive/data/0'];

const ZIPS: readonly Case[] = [
  [
    'a compressed storage',
    zip({
      entries: changed(DATA, {
        central: [
          [10, 2, 8],
          [24, 4, 2 ** 31],
        ],
      }),
    }),
    'UnsupportedWeightsError',
    /archive\/data\/0 in .* is compressed/,
  ],
  [
    'a pickle that is a zip bomb',
    zip({
      entries: changed(PICKLE, {
        central: [
          [10, 2, 8],
          [24, 4, 2 ** 31],
        ],
      }),
    }),
    'UnsupportedWeightsError',
    /data\.pkl in .* is compressed/,
  ],
  [
    'an encrypted storage',
    zip({ entries: changed(DATA, { central: [[8, 2, 1]] }) }),
    'UnsupportedWeightsError',
    /encrypted/,
  ],
  [
    'sizes that differ',
    zip({ entries: changed(DATA, { central: [[20, 4, 40]] }) }),
    'MalformedZipError',
    /has 48 bytes and takes 40/,
  ],
  [
    'a big-endian file',
    zip({ entries: changed('archive/byteorder', { bytes: Buffer.from('big') }) }),
    'UnsupportedWeightsError',
    /big-endian/,
  ],
  [
    'two entries of one name',
    zip({ entries: [...good, ...good.slice(2, 3)] }),
    'MalformedZipError',
    /two entries "archive\/data\/0"/,
  ],
  [
    'entries that share bytes',
    zip({ entries: changed(DATA, { central: [[42, 4, 0]] }) }),
    'MalformedZipError',
    /takes bytes of another/,
  ],
  [
    'an entry behind the directory',
    zip({ entries: changed('archive/version', { central: [[42, 4, 2 ** 31]] }) }),
    'MalformedZipError',
    /takes bytes of another/,
  ],
  [
    'an entry outside',
    zip({ entries: [...good, { name: '../x', bytes: bytes() }] }),
    'MalformedZipError',
    /"\.\.\/x" names a place outside/,
  ],
  [
    'an absolute entry',
    zip({ entries: [...good, { name: '/etc/passwd', bytes: bytes() }] }),
    'MalformedZipError',
    /outside/,
  ],
  [
    'two pickles',
    zip({ entries: [...good, { name: 'b/data.pkl', bytes: pickle(dict()) }] }),
    'MalformedPickleError',
    /2 pickles of weights/,
  ],
  ['no pickle', zip({ entries: good.slice(1) }), 'MalformedPickleError', /0 pickles of weights/],
  ['no entries', zip({ entries: [] }), 'MalformedPickleError', /0 pickles of weights/],
  [
    'a local header of another name',
    zip({ entries: changed(DATA, { local: [[26, 2, 3]] }) }),
    'MalformedZipError',
    /not where its directory says/,
  ],
  [
    'a local header that is none',
    zip({ entries: changed(DATA, { local: [[0, 4, 0]] }) }),
    'MalformedZipError',
    /not where its directory says/,
  ],
  [
    'an extra field that reaches into the next entry',
    zip({ entries: changed(DATA, { local: [[28, 2, 1000]] }) }),
    'MalformedZipError',
    /not where its directory says/,
  ],
  [
    'a directory of another size',
    zip({ entries: good, end: [[12, 4, 10]] }),
    'MalformedZipError',
    /contradicts the file/,
  ],
  [
    'more entries than there are',
    zip({
      entries: good,
      end: [
        [8, 2, 99],
        [10, 2, 99],
      ],
    }),
    'MalformedZipError',
    /fewer entries/,
  ],
  [
    'fewer entries than there are',
    zip({
      entries: good,
      end: [
        [8, 2, 1],
        [10, 2, 1],
      ],
    }),
    'MalformedZipError',
    /behind its last entry/,
  ],
  [
    'a name beyond the directory',
    zip({ entries: changed('archive/version', { central: [[28, 2, 0xffff]] }) }),
    'MalformedZipError',
    /does not end within it/,
  ],
  [
    'a zip64 record elsewhere',
    zip({ entries: good, zip64: true, locator: [[8, 8, 2n ** 62n]] }),
    'MalformedZipError',
    /zip64 record is not where/,
  ],
  [
    'a zip64 directory of 2^62 bytes',
    zip({ entries: good, zip64: true, end64: [[40, 8, 2n ** 62n]] }),
    'MalformedZipError',
    /contradicts the file/,
  ],
  [
    '2^62 entries',
    zip({
      entries: good,
      zip64: true,
      end64: [
        [24, 8, 2n ** 62n],
        [32, 8, 2n ** 62n],
      ],
    }),
    'PickleLimitError',
    /entries/,
  ],
  ['an archive cut at its end', zip({ entries: good }).subarray(0, -1), 'MalformedZipError', /not downloaded whole/],
];

const legacy = (ops: Ops, keys: Ops, ...rest: readonly Buffer[]): Buffer =>
  Buffer.concat([legacyStart(), pickle(ops), pickle(keys), ...rest]);
const tar = Buffer.alloc(1024);
tar.write('ustar', 257);

const LEGACY: readonly Case[] = [
  ['a pickle of something else', pickle(state({})), 'MalformedPickleError', /none that torch\.save wrote/],
  [
    'a big-endian machine',
    Buffer.concat([legacyStart(false), pickle(dict())]),
    'UnsupportedWeightsError',
    /big-endian/,
  ],
  ['a tar archive', tar, 'UnsupportedWeightsError', /is a tar archive.*save it again/],
  [
    'a storage that is not listed',
    legacy(state({ a: tensor() }), list()),
    'PickledTensorError',
    /does not list storage 0/,
  ],
  ['a storage of no tensor', legacy(state({ a: tensor() }), list(text('1'))), 'PickledTensorError', /do not name/],
  [
    'a storage listed twice',
    legacy(state({ a: tensor() }), list(text('0'), text('0')), number(12, 8), STORAGE, number(12, 8), STORAGE),
    'PickledTensorError',
    /one twice/,
  ],
  [
    'a storage of another size',
    legacy(state({ a: tensor() }), list(text('0')), number(11, 8), STORAGE),
    'PickledTensorError',
    /has 11 elements, and its tensors have 12/,
  ],
  [
    'a storage that ends too soon',
    legacy(state({ a: tensor() }), list(text('0')), number(12, 8), STORAGE.subarray(1)),
    'TruncatedPickleError',
    /ends within its storage 0/,
  ],
  [
    'a storage beyond any file',
    legacy(state({ a: tensor({ of: storage({ count: 2 ** 53 - 1 }) }) }), list(text('0')), number(2 ** 53 - 1, 8)),
    'TruncatedPickleError',
    /ends within its storage/,
  ],
];

const BOMBS: readonly Case[] = [
  [
    'lists nested half a million times',
    file([times(2 ** 19, opcode(']')), times(2 ** 19 - 1, opcode('a'))]),
    'StateDictError',
    /no dictionary/,
  ],
  [
    'tuples nested a million times',
    file([...tuple(), times(2 ** 20, opcode(0x85))]),
    'StateDictError',
    /no dictionary/,
  ],
  [
    'a list that doubles forty times',
    file([
      opcode(']', opcode('q', bytes(0))),
      times(40, opcode('h', bytes(0)), opcode('h', bytes(0)), opcode('a'), opcode(0x94)),
    ]),
    'StateDictError',
    /no dictionary/,
  ],
  [
    'a list in itself',
    file([opcode(']'), opcode('q', bytes(0)), opcode('h', bytes(0)), opcode('a')]),
    'StateDictError',
    /no dictionary/,
  ],
  [
    'memo slots at huge numbers',
    file([...dict(), ...Array.from({ length: 1000 }, (_, i) => opcode('r', number(2 ** 32 - 1 - i, 4))), opcode('0')]),
    'MalformedPickleError',
    /empty stack/,
  ],
  ['more opcodes than any', file([times(2 ** 21 + 1, opcode('}'))]), 'PickleLimitError', /more than 2097152 opcodes/],
  [
    'a pickle of 64 MiB and more',
    zip({ entries: [{ name: 'a/data.pkl', bytes: Buffer.alloc(64 * 2 ** 20 + 1) }] }),
    'PickleLimitError',
    /has 67108865 bytes/,
  ],
  [
    'a pickle of the first format that does not end',
    Buffer.concat([legacyStart(), opcode('X', number(2 ** 27, 4)), Buffer.alloc(2 ** 27)]),
    'PickleLimitError',
    /pickles of more than 67108864 bytes/,
  ],
];

const open = (content: Buffer) => openCheckpoint(new SmallFiles(memoryRepo({ 'pytorch_model.bin': content })));

test.each([...CODE, ...PICKLES, ...TENSORS, ...ZIPS, ...LEGACY, ...BOMBS])('%s', async (_, content, name, sentence) => {
  const error = await open(content).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Hf2ggufError);
  const { name: own, message, exitCode } = error as Hf2ggufError;
  expect(`${own}: ${message}`).toMatch(new RegExp(`^${name}: `));
  expect(message).toMatch(sentence);
  expect(exitCode).toBe(name === 'UnsupportedWeightsError' ? 3 : 4);
});

test.each(['zip.bin', 'legacy.bin'])('%s cut at any place ends with an error in words', async (name) => {
  const whole = fixture(name);
  for (let length = 0; length < whole.length; length += 7) {
    const error = await open(whole.subarray(0, length)).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Hf2ggufError);
  }
});

test('a dictionary that holds itself', async () => {
  const ops = [opcode('}'), opcode('q', bytes(0)), ...text('self'), opcode('h', bytes(0)), opcode('s')];
  expect((await open(file(ops))).raw).toEqual([]);
});
