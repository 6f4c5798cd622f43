import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { legacyFile, type Ops, state, storage, tensor } from '../checkpoint/pickle/pickle-writer.js';
import { torchFile } from '../checkpoint/pickle/zip-writer.js';
import { readTensors, type Tensor } from '../checkpoint/tensors.js';
import { startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { readRecord, run, sha256 } from './records.js';
import { TinyCopy } from './tiny-copy.js';

/** All tensors of the model have elements of two bytes. */
const [TYPE, BYTES] = ['torch.BFloat16Storage', 2];

/** A matrix of `rows`, column by column. */
function transposed(bytes: Buffer, rows: number, columns: number): Buffer {
  const source = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return Buffer.from(
    Uint16Array.from(source, (_, i) => source[(i % rows) * columns + Math.floor(i / rows)] ?? 0).buffer,
  );
}

/** A tensor and its storage: every other matrix is the transpose of what is stored, the rest begin within theirs. */
function kept({ shape, bytes }: Tensor, index: number): { readonly ops: Ops; readonly stored: Buffer } {
  const [rows = 1, columns] = shape;
  const id = (length: number) => storage({ key: String(index), type: TYPE, count: length / BYTES });
  if (columns !== undefined && index % 2 === 0) {
    const stored = transposed(bytes, rows, columns);
    return { ops: tensor({ of: id(stored.length), shape, strides: [1, rows] }), stored };
  }
  const stored = Buffer.concat([Buffer.alloc(3 * BYTES, 0xff), bytes]);
  const strides = columns === undefined ? [1] : [columns, 1];
  return { ops: tensor({ of: id(stored.length), shape, strides, offset: 3 }), stored };
}

/** Tiny-Verse-2M with its weights in a pickle, in the order of the safetensors file's names. */
function pickled(write: typeof torchFile): string {
  const { folder } = new TinyCopy();
  const weights = join(folder, 'model.safetensors');
  const tensors = readTensors(weights).sort((a, b) => (a.name < b.name ? -1 : 1));
  const all = tensors.map((own, i) => ({ name: own.name, ...kept(own, i) }));
  const storages = Object.fromEntries(all.map(({ stored }, i) => [i, stored]));
  writeFileSync(
    join(folder, 'pytorch_model.bin'),
    write(state(Object.fromEntries(all.map(({ name, ops }) => [name, ops]))), storages),
  );
  rmSync(weights);
  return folder;
}

const environment = { ...process.env };

beforeEach(() => {
  process.env.HF_HOME = tempFolder();
  delete process.env.HF_TOKEN;
  delete process.env.HF_HUB_OFFLINE;
});

afterEach(() => {
  process.env = { ...environment };
});

const FORMATS: readonly (readonly [string, typeof torchFile])[] = [
  ['a zip archive', torchFile],
  ['the first format', (ops, storages) => legacyFile(ops, storages, BYTES)],
];
const QUANT = 'q4_k_m';
const { sha256: expected } = readRecord(join(fixtures, 'Tiny-Verse-2M.expected/quantize-Q4_K_M.json'));

test.each(FORMATS)('weights in %s give the bytes that the reference makes of safetensors', async (_, write) => {
  const source = pickled(write);
  const { result } = await run({ source, quant: QUANT, output: dirname(source), maxMemory: 2 ** 22 });
  expect(result.files.map(({ path }) => sha256(path))).toEqual([expected]);
});

test('weights in a pickle of the Hub are read by range, and compared with its hash', async () => {
  const root = tempFolder();
  cpSync(pickled(torchFile), join(root, 'org/Tiny-Verse-2M'), { recursive: true });
  const hub = await startHub(root, {});
  try {
    const source = 'org/Tiny-Verse-2M';
    const { result } = await run({ source, endpoint: hub.endpoint, quant: QUANT, output: tempFolder() });
    expect(result.files.map(({ path }) => sha256(path))).toEqual([expected]);
    const uses = result.sources.filter(({ path }) => path === 'pytorch_model.bin');
    expect(uses.map(({ check }) => check)).toEqual(['sha256']);
    const weights = hub.seen.filter(({ path }) => path.endsWith('pytorch_model.bin'));
    expect(weights.every(({ range }) => range !== null)).toBe(true);
  } finally {
    await hub.close();
  }
});
