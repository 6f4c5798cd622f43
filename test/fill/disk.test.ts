import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fill } from '#src/fill/worker.js';
import { writeError } from '#src/output/write-error.js';
import { run as runCli } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { mountSmallDisk } from '../small-disk.js';

const source = join(fixtures, 'Tiny-Verse-2M');

test('a disk that is too small is known before the first byte: exit code 6, and no file', async () => {
  const disk = mountSmallDisk('2m');
  if (!disk) {
    return;
  }
  try {
    const { code, err } = await runCli([source, '--outtype', 'f32', '--out', disk.folder]);
    expect(err).toMatch(
      /small has \d\.\d MiB free, and the output needs 7\.8 MiB\. Free some space, or choose another/,
    );
    expect({ code, files: readdirSync(disk.folder) }).toEqual({ code: 6, files: [] });
  } finally {
    disk.unmount();
  }
});

test('a disk that fills up while it is written is named', () => {
  const disk = mountSmallDisk('64k');
  if (!disk) {
    return;
  }
  const file = openSync(join(disk.folder, 'a.gguf'), 'w');
  const filler = openSync(join(disk.folder, 'filler'), 'w');
  try {
    expect(() => {
      for (;;) {
        writeSync(filler, new Uint8Array(4096));
      }
    }).toThrow('ENOSPC');
    const expr = { op: 'constant', dtype: 'F32', shape: [2], values: [1, 2] } as const;
    const place = { tensor: 't', file: 0, position: 0, rowBytes: 8 };
    const destination = { ...place, type: 'F32', write: { kind: 'convert', via: 'F32', finite: false } } as const;
    const piece = { expr, from: 0, to: 1, step: 1, columns: 2, destinations: [destination] };
    const task = { reads: [], readBytes: 0, pieces: [piece], memory: 64, isLocal: true, progress: 0 };
    const { failure } = fill({ task, memory: new Uint8Array(64), fds: [file], measure: false });
    expect(failure).toMatchObject({ kind: 'write', code: 'ENOSPC' });
  } finally {
    closeSync(file);
    closeSync(filler);
    disk.unmount();
  }
  const error = writeError({ code: 'ENOSPC', message: '' }, [{ path: 'a.gguf', size: 2 ** 21 }]);
  expect(error).toMatchObject({ name: 'DiskFullError', exitCode: 6 });
  expect(error.message).toBe(
    'The disk was full while writing a.gguf (2.0 MiB in all). Free some space, or choose another folder.',
  );
});

test('a folder that cannot be written to: exit code 6', async () => {
  const { code, err } = await runCli([source, '--outtype', 'f16', '--out', '/proc/nowhere/']);
  expect(err).toMatch(/\/proc\/nowhere\/Tiny-Verse-2M-F16\.gguf cannot be written/);
  expect(code).toBe(6);
});
