import { readGguf } from '#src/gguf/reader.js';
import { encodeHeader } from '#src/gguf/writer.js';
import { printable } from '#src/printable.js';
import { byteSource, ggufBytes, text, u32, u64 } from './byte-file.js';

async function decode(bytes: Buffer): Promise<unknown> {
  const file = await readGguf(byteSource(ggufBytes({ kv: [['k', 8, text(bytes)]] })).source);
  return file.kv.get('k')?.value;
}

function encode(value: string): Buffer {
  // Magic, version and counts take 24 bytes; the key 9, its type 4, the string's length 8.
  return Buffer.from(encodeHeader([['k', { type: 'string', value }]], [])).subarray(45);
}

// From Python 3: bytes.fromhex(hex).decode('utf-8', 'surrogateescape').
test.each([
  ['ff', '\udcff'],
  ['618062', 'a\udc80b'],
  ['e282', '\udce2\udc82'],
  ['e28241', '\udce2\udc82A'],
  ['eda080', '\udced\udca0\udc80'],
  ['f09f9089c0af', '\u{1f409}\udcc0\udcaf'],
  ['f4908080', '\udcf4\udc90\udc80\udc80'],
  ['efbfbdfe', '\ufffd\udcfe'],
  ['f09f90', '\udcf0\udc9f\udc90'],
  ['c3a9e9', '\u00e9\udce9'],
  ['e09fbf', '\udce0\udc9f\udcbf'],
  ['f888808080', '\udcf8\udc88\udc80\udc80\udc80'],
  ['c1bf', '\udcc1\udcbf'],
])('the bytes %s as a string, and back', async (hex, value) => {
  const bytes = Buffer.from(hex, 'hex');
  expect(await decode(bytes)).toBe(value);
  expect(encode(value).toString('hex')).toBe(hex);
});

test('any bytes come back as they were', async () => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
  // Bytes at the edges of what may follow what, so that some of it is valid.
  const edges = [
    0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
  ];
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const standard = (bytes: Buffer) => {
    try {
      return utf8.decode(bytes);
    } catch {
      return null;
    }
  };
  let valid = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(Array.from({ length: 1 + (random() % 6) }, () => edges[random() % edges.length] ?? 0));
    const value = (await decode(bytes)) as string;
    expect(encode(value).toString('hex')).toBe(bytes.toString('hex'));
    const want = standard(bytes);
    valid += want === null ? 0 : 1;
    expect(want === null ? /[\udc80-\udcff]/u.test(value) : value === want).toBe(true);
  }
  expect(valid).toBeGreaterThan(100);
});

test('a file of such strings is written as it was read', async () => {
  const raw = (hex: string) => text(Buffer.from(hex, 'hex'));
  const bytes = ggufBytes({
    kv: [
      [Buffer.from('6bff', 'hex'), 8, raw('80'.repeat(100))],
      ['tokens', 9, Buffer.concat([u32(8), u64(3), raw('e282'), raw('e282ac'), raw('')])],
    ],
    tensors: [],
  });
  const { kv, tensors } = await readGguf(byteSource(bytes).source);
  expect(Buffer.from(encodeHeader(kv.entries(), tensors)).equals(bytes)).toBe(true);
});

test('halves of pairs that stand for no byte become U+FFFD', () => {
  expect(encode('\ud800\udc7f\udd00').toString('utf8')).toBe('\u{1007f}\ufffd');
  expect(encode('\udc80\ud83d').toString('hex')).toBe('80efbfbd');
});

test('a terminal sees them by their numbers', () => {
  expect(printable('a\udcff')).toBe('a\\udcff');
});
