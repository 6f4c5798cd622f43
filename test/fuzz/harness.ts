/**
 * The runner's native part under the address and undefined-behaviour sanitizers, in a program of its own
 * (native/harness): small models and single operators as the addon would get them, with numbers, weights and operators
 * changed, and every type decoded from random blocks. Ends with 1 where a sanitizer found something.
 *
 *   node out/test/fuzz/harness.js [--count 10000] [--seed N]
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GGML_TYPES } from '#src/gguf/types.js';
import { compileGraph, type ShapedWeight } from '#src/runner/compile.js';
import { openRunnable, type Runnable } from '#src/runner/model.js';
import { root } from '../paths.js';
import { operatorModels } from '../runner/operator-cases.js';
import { convertModels, encodeDraft, readDraft } from './gguf-models.js';

const BUILD = join(root, 'out/harness');

function build(): void {
  execute('cmake', ['-S', root, '-B', BUILD, '-DHF2GGUF_HARNESS=ON']);
  execute('cmake', ['--build', BUILD, '--parallel', String(availableParallelism())]);
}

function execute(command: string, args: readonly string[]): string {
  const { error, status, signal, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')} (${error?.message ?? signal ?? status}):\n${stdout}\n${stderr}`);
  }
  return stdout;
}

/** A model as native/harness/cases.h has it. */
function encodeCase({ graph, tensors }: Pick<Runnable, 'graph' | 'tensors'>): Buffer {
  const { operators, weights, widths, outputs } = compileGraph(graph, tensors);
  const lines = [
    `widths ${widths.join(' ')}`,
    `outputs ${outputs.join(' ')}`,
    ...weights.map(({ tensor: { type }, columns, rows, matrices, size }) =>
      ['weight', GGML_TYPES[type][0], columns, rows, matrices, size].join(' '),
    ),
    ...operators.map(({ op, ...numbers }) =>
      ['operator', op, ...Object.entries(numbers).map(([key, number]) => `${key}=${number}`)].join(' '),
    ),
    'end\n',
  ];
  return Buffer.concat([Buffer.from(lines.join('\n')), ...weights.map(bytesOf)]);
}

function bytesOf({ tensor: { data }, size }: ShapedWeight): Uint8Array {
  if (data.kind === 'memory') {
    return data.bytes;
  }
  const bytes = Buffer.alloc(size);
  const file = openSync(data.path, 'r');
  readSync(file, bytes, 0, bytes.length, data.offset);
  closeSync(file);
  return bytes;
}

const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: String(Date.now() >>> 0) } },
});
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-harness-'));
try {
  build();
  const cases: Buffer[] = [];
  for (const path of await convertModels(folder)) {
    writeFileSync(path, encodeDraft(await readDraft(path)).bytes);
    cases.push(encodeCase(await openRunnable(path)));
  }
  cases.push(...operatorModels().map(([, model]) => encodeCase(model)));
  writeFileSync(join(folder, 'cases'), Buffer.concat(cases));
  console.log(`seed ${values.seed}, ${cases.length} models`);
  const args = [join(folder, 'cases'), folder, values.count, values.seed];
  console.log(execute(join(BUILD, 'hf2gguf-harness'), args).trimEnd());
} finally {
  rmSync(folder, { recursive: true });
}
