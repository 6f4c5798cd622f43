import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { downloadFile, fileDownloadInfo, listFiles, modelInfo } from '@huggingface/hub';
import { scene, tempFolder, testBytes, writeFiles } from '../repo/kit.js';
import { FAULTS, FaultPlan } from './faults.mjs';

const WEIGHTS = testBytes(2 ** 20);
const REPO = { 'config.json': '{"a": 1}', 'big.bin': WEIGHTS, 'a/b/small.safetensors': 'x' };

describe('the loopback Hub speaks to the real client, with its own fetch', () => {
  test('model info, listing, ranges of small and of large files', async () => {
    const { hub } = await scene({ 'org/model': REPO });
    const hubUrl = hub.endpoint;
    const info = await modelInfo({ name: 'org/model', additionalFields: ['sha', 'filePaths'], hubUrl });
    expect(info.name).toBe('org/model');
    expect(info.filePaths).toEqual(['a/b/small.safetensors', 'big.bin', 'config.json']);
    const entries = [];
    for await (const entry of listFiles({ repo: 'org/model', revision: info.sha ?? '', recursive: true, hubUrl })) {
      entries.push([entry.type, entry.path, entry.size, entry.lfs?.oid]);
    }
    expect(entries).toEqual([
      ['directory', 'a', 0, undefined],
      ['directory', 'a/b', 0, undefined],
      ['file', 'a/b/small.safetensors', 1, createHash('sha256').update('x').digest('hex')],
      ['file', 'big.bin', 2 ** 20, createHash('sha256').update(WEIGHTS).digest('hex')],
      ['file', 'config.json', 8, undefined],
    ]);
    const big = await downloadFile({ repo: 'org/model', path: 'big.bin', hubUrl });
    expect(new Uint8Array((await big?.slice(77, 99).arrayBuffer()) ?? [])).toEqual(WEIGHTS.slice(77, 99));
    const small = await downloadFile({ repo: 'org/model', path: 'config.json', hubUrl });
    expect(await small?.text()).toBe('{"a": 1}');
    expect(await fileDownloadInfo({ repo: 'org/model', path: 'absent', hubUrl })).toBeNull();
  });

  test('an object id is what git gives the file', async () => {
    const { hub } = await scene({ model: { greeting: 'hello\n' } });
    const entries = [];
    for await (const entry of listFiles({ repo: 'model', hubUrl: hub.endpoint })) {
      entries.push(entry.oid);
    }
    // echo hello | git hash-object --stdin
    expect(entries).toEqual(['ce013625030ba8dba906f756967f9e9ca394464a']);
  });
});

describe('a plan of faults', () => {
  test('takes each in turn, and every Nth request only', () => {
    const plan = new FaultPlan(2);
    const faults = Array.from({ length: 2 * FAULTS.length }, () => plan.next({ body: true, range: true }));
    expect(faults).toEqual(FAULTS.flatMap((fault) => [null, fault]));
  });

  test('keeps a fault that does not suit for the next request that it suits', () => {
    const plan = new FaultPlan(1, ['whole', 'cut', 'failing']);
    expect(plan.next({ body: false, range: false })).toBe('failing');
    expect(plan.next({ body: true, range: false })).toBe('cut');
    expect(plan.next({ body: true, range: true })).toBe('whole');
    expect(plan.next({ body: true, range: true })).toBe('failing');
  });
});

test('serve.mjs serves a folder by hand', async () => {
  const root = tempFolder();
  writeFiles(root, { 'org/model/config.json': '{}', 'gpt2/config.json': '{}' });
  const script = fileURLToPath(new URL('./serve.mjs', import.meta.url));
  const server = spawn(process.execPath, [script, root, '--fault-every', '3'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    expect(line).toMatch(/^HF_ENDPOINT=http:\/\/127\.0\.0\.1:\d+$/);
    const hubUrl = line.slice('HF_ENDPOINT='.length);
    for (const name of ['org/model', 'gpt2']) {
      expect((await modelInfo({ name, hubUrl })).name).toBe(name);
    }
    // The third request fails, by the first fault.
    await expect(modelInfo({ name: 'gpt2', hubUrl })).rejects.toMatchObject({ statusCode: 429 });
  } finally {
    server.kill('SIGTERM');
    await once(server, 'close');
  }
  expect(server.exitCode).toBe(0);
});
