import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cli, fixtures } from '../paths.js';
import { mountSmallDisk } from '../small-disk.js';
import { tempFolder } from '../temp.js';

const model = join(fixtures, 'Tiny-Verse-2M');
const FULL = 'hf2gguf: The disk was full while writing standard output. Free some space or send it elsewhere';

// A disk of one page: Linux writes what there is room for, and says that it is full only when asked again.
test('standard output on a full disk is an error with exit code 6, and nothing is left', () => {
  const disk = mountSmallDisk('4k');
  if (!disk) {
    return;
  }
  const work = tempFolder();
  const runInto = (args: readonly string[]) => {
    const path = join(disk.folder, 'out');
    const fd = openSync(path, 'w');
    try {
      const stdio = ['ignore', fd, 'pipe'] as const;
      const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: work, stdio: [...stdio] });
      expect(statSync(path).size).toBe(4096);
      return { status, stderr: stderr.toString() };
    } finally {
      closeSync(fd);
    }
  };
  try {
    for (const args of [['--help'], [model, '--outtype', 'f32', '--json', '--out', join(work, 'model.gguf')]]) {
      const { status, stderr } = runInto(args);
      expect(stderr).toContain(FULL);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(status).toBe(6);
    }
    expect(readdirSync(work)).toEqual([]);
  } finally {
    disk.unmount();
  }
});
