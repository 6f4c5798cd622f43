import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { startHub } from '../hub/server.mjs';
import { fixtures, root } from '../paths.js';
import { tempFolder } from '../temp.js';

/** A page's programs in TypeScript. */
function programsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, program = '']) => program);
}

/** A folder of a package that depends on this one, with a program in it. */
function consumer(program: string): string {
  const folder = tempFolder();
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/hf2gguf'));
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'program.ts'), program);
  return folder;
}

/** Compiles the program as strictly as can be, with the declarations of all packages, and writes the JavaScript. */
function compile(folder: string): string[] {
  const program = ts.createProgram([join(folder, 'program.ts')], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    types: ['node'],
    typeRoots: [join(folder, 'node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
  });
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}

function runProgram(folder: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, ['program.js'], { cwd: folder, env: { ...process.env, ...env } });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    out += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
}

test.each(['README.md', 'docs/library.md'])(
  "%s's programs compile strictly and run as they are written",
  async (page) => {
    const hubRoot = tempFolder();
    cpSync(join(fixtures, 'Tiny-Verse-2M'), join(hubRoot, 'org/model'), { recursive: true });
    const hub = await startHub(hubRoot, {});
    try {
      const programs = programsOf(page);
      expect(programs.length).toBeGreaterThan(0);
      for (const program of programs) {
        const folder = consumer(program);
        expect(compile(folder)).toEqual([]);
        const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '', HF_HOME: tempFolder() };
        const { code, out } = await runProgram(folder, env);
        expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\n[\s\S]*^1\n$/m) });
        expect(readdirSync(join(folder, 'ggufs')).sort()).toHaveLength(2);
      }
    } finally {
      await hub.close();
    }
  },
  60_000,
);
