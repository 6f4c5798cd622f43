import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli, fixtures, root } from '../paths.js';
import { tempFolder } from '../temp.js';

const addon = join(root, 'build/Release/hf2gguf.node');
const model = join(fixtures, 'Tiny-Verse-2M');

/** The e_machine field of an ELF header, and the number of a machine that nobody has (EM_VPP500). */
const [MACHINE_AT, NO_MACHINE] = [18, 80];

function otherMachine(): Buffer {
  const bytes = readFileSync(addon);
  bytes.writeUInt16LE(NO_MACHINE, MACHINE_AT);
  return bytes;
}

/** A shared library that is no addon: one that Node itself has loaded. */
function noAddon(): Buffer {
  const library = /\/\S*libm[.-]\S*/.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0];
  return readFileSync(library ?? '');
}

describe.each([
  ['missing', (): Buffer | null => null, /Cannot find module '.*hf2gguf\.node'\./],
  ['empty', (): Buffer => Buffer.alloc(0), /hf2gguf\.node: file too short\./],
  ['cut off', (): Buffer => readFileSync(addon).subarray(0, 500_000), /hf2gguf\.node is cut off\./],
  ['built for another machine', otherMachine, /hf2gguf\.node: cannot open shared object file/],
  ['no addon', noAddon, /Module did not self-register: '.*hf2gguf\.node'\./],
] as const)('an addon that is %s is an error with exit code 3 that says how to build it', (_, bytesOf, reason) => {
  test.each([
    ['quantize', [model, '--quant', 'Q8_0']],
    // Only threads need it here.
    ['copy', [model, '--outtype', 'bf16', '--jobs', '1']],
  ])('%s', (_, args) => {
    const folder = tempFolder();
    const project = join(folder, 'project');
    cpSync(join(root, 'dist'), join(project, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(project, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
    const bytes = bytesOf();
    if (bytes) {
      mkdirSync(join(project, 'build/Release'), { recursive: true });
      writeFileSync(join(project, 'build/Release/hf2gguf.node'), bytes);
    }
    const main = join(project, cli.slice(root.length));
    const { status, stderr } = spawnSync(process.execPath, [main, ...args, '--out', folder, '--quiet'], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(reason);
    expect(stderr).toMatch(/^hf2gguf: The native quantizer does not load: .* Build it with `npm rebuild hf2gguf`.*\n$/);
    expect(status).toBe(3);
  });
});
