import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { clearLeftovers, partialPath, refuseBusy, release } from '#src/output/leftovers.js';
import { run, start } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const model = join(fixtures, 'Tiny-Verse-2M');
const DAY = 24 * 60 * 60;

/** The number of a process that has ended. */
function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

test('files of runs that no longer live are removed, and nothing else', async () => {
  const folder = tempFolder();
  const target = join(folder, 'model.gguf');
  const own = basename(partialPath(target));
  const [, host, pid, started] = /^model\.gguf\.([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}\.partial$/.exec(own) ?? [];
  expect(Number(pid)).toBe(process.pid);
  const name = (of: string, process: string | number, since: string | number, file = 'model.gguf') =>
    `${file}.${of}-${process}-${since}-01234567.partial`;
  const old = name('89abcdef', 1, 1, 'model.gguf');
  const [dead, again] = [name(String(host), deadProcess(), 77), name(String(host), String(pid), Number(started) - 1)];
  const kept = [
    own,
    name('76543210', deadProcess(), 77),
    name(String(host), deadProcess(), 77, 'another.gguf'),
    `model.gguf.${host}-1-2-xyz.partial`,
    'model.gguf.partial',
    'model.gguf',
  ];
  for (const file of [dead, again, old, ...kept]) {
    writeFileSync(join(folder, file), '');
  }
  utimesSync(join(folder, old), Date.now() / 1000 - 2 * DAY, Date.now() / 1000 - 2 * DAY);
  const [link, sub] = [name(String(host), deadProcess(), 78), name(String(host), deadProcess(), 79)];
  symlinkSync(join(folder, 'model.gguf'), join(folder, link));
  mkdirSync(join(folder, sub));

  const cleared = await clearLeftovers([target]);
  expect(cleared.map((path) => basename(path)).sort()).toEqual([dead, again, old].sort());
  expect(readdirSync(folder).sort()).toEqual([...kept, link, sub].sort());
});

test('a process that has ended writes no more, though its parent has not asked how', async () => {
  const target = join(tempFolder(), 'model.gguf');
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once('data', (text) => resolve(`${text}`))),
    );
    const fields = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    const path = partialPath(target)
      .replace(`-${process.pid}-`, `-${pid}-`)
      .replace(/-\d+-(?=[^-]+$)/, `-${fields()[19]}-`);
    writeFileSync(path, '');
    await expect(refuseBusy([target])).rejects.toMatchObject({
      exitCode: 2,
      what: `Process ${pid} is writing ${target}.`,
    });
    while (fields()[0] !== 'Z') {
      await setTimeout(10);
    }
    await refuseBusy([target]);
    expect(await clearLeftovers([target])).toEqual([path]);
  } finally {
    parent.kill();
  }
});

test("this process's own files are left once it is no more at work on them", async () => {
  const target = join(tempFolder(), 'model.gguf');
  const path = partialPath(target);
  writeFileSync(path, '');
  await refuseBusy([target]);
  expect(await clearLeftovers([target])).toEqual([]);
  release(path);
  expect(await clearLeftovers([target])).toEqual([path]);
});

test('a name of the greatest length leaves room for the ending, and its leftovers are found', async () => {
  const folder = tempFolder();
  const target = join(folder, `${'ä'.repeat(125)}.gguf`);
  const path = partialPath(target).replace(`-${process.pid}-`, `-${deadProcess()}-`);
  expect(Buffer.byteLength(basename(path))).toBeLessThanOrEqual(255);
  writeFileSync(path, '');
  expect(await clearLeftovers([target])).toEqual([path]);
});

test('what a killed conversion left is removed by the next one of another plan, which says so', async () => {
  const out = join(tempFolder(), 'model.gguf');
  const args = (type: string) => [model, '--outtype', type, '--out', out, '--json'];
  const { child, finished } = start(args('f32'));
  let left: string[] = [];
  while (left.length === 0 && child.exitCode === null) {
    await setTimeout(1);
    left = readdirSync(join(out, '..'));
  }
  child.kill('SIGKILL');
  await finished;
  left = readdirSync(join(out, '..'));
  expect(left.every((name) => /^model\.gguf\..*\.(partial|journal)$/.test(name))).toBe(true);
  const again = await run(args('f16'));
  expect(again.code).toBe(0);
  expect(readdirSync(join(out, '..'))).toEqual(['model.gguf']);
  const warned = again.out
    .split('\n')
    .filter((line) => line.includes('"event":"warning"') && line.includes('killed run'));
  expect(warned).toEqual([expect.stringContaining(left[0] as string)]);
});
