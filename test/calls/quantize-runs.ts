import { closeSync, copyFileSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { planQuantize, quantize } from '#src/calls/quantize.js';
import { split } from '#src/files/split.js';
import { readGguf } from '#src/gguf/reader.js';
import type { Plan } from '#src/layout/plan.js';
import { parseQuants } from '#src/plan/check-params.js';
import type { QuantizationParams } from '#src/plan/params.js';
import type { OutTypeName } from '#src/quantize/file-types.js';
import { openFile } from '#src/repo/open-file.js';
import type { PreTokenizerName } from '#src/tokenizer/pre/fingerprints.js';
import { finish, sha256 } from './records.js';

// Runs of llama-quantize that were recorded: their arguments, and what came of it.

interface FileRecord {
  readonly name?: string;
  readonly size: number;
  readonly sha256: string;
}

export interface RunRecord extends Partial<FileRecord> {
  /** As llama-quantize got them, in a folder with the source and the importance matrices. */
  readonly args: readonly string[];
  readonly exit: number;
  /** Of a split output, in place of `size` and `sha256`. */
  readonly files?: readonly FileRecord[];
  /** Lines of a dry run. */
  readonly log?: readonly string[];
  /** The importance matrix that `odd.gguf`, or a longer name, stands for. */
  readonly imatrix_file?: string;
  /** 16 bits of the source that were overwritten in `broken.gguf`. */
  readonly patch?: { readonly tensor: string; readonly element: number; readonly bf16_or_high_half: number };
  /** How the source was quantized from `source.gguf`, where it is not another run's output. */
  readonly source_args?: readonly string[];
  readonly source_sha256?: string;
  /** Hashes of the parts that the source was split into. */
  readonly sources?: Readonly<Record<string, string>>;
}

export function readRuns(model: string): [string, RunRecord][] {
  const folder = join(model, 'expected');
  return readdirSync(folder)
    .sort()
    .map((file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(join(folder, file), 'utf8')) as RunRecord]);
}

const SWITCHES: Readonly<Record<string, keyof QuantizationParams>> = {
  '--pure': 'pure',
  '--leave-output-tensor': 'leaveOutputTensor',
  '--allow-requantize': 'allowRequantize',
  '--keep-split': 'keepSplit',
};
const VALUES: Readonly<Record<string, keyof QuantizationParams | null>> = {
  '--imatrix': 'imatrix',
  '--output-tensor-type': 'outputTensorType',
  '--token-embedding-type': 'tokenEmbeddingType',
  '--tensor-type-file': 'tensorTypeFile',
  '--prune-layers': 'pruneLayers',
  '--max-buffer-size': null,
};
const LISTS: Readonly<Record<string, keyof QuantizationParams>> = {
  '--include-weights': 'includeWeights',
  '--exclude-weights': 'excludeWeights',
  '--tensor-type': 'tensorType',
  '--override-kv': 'overrideKv',
};

/** llama-quantize's command line as parameters: options, SOURCE, OUTPUT, TYPE, perhaps threads. */
export function toParams(args: readonly string[]): QuantizationParams {
  const options: Record<string, unknown> = {};
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg in SWITCHES) {
      options[SWITCHES[arg] as string] = true;
    } else if (arg in LISTS) {
      const name = LISTS[arg] as string;
      options[name] = [...((options[name] as string[]) ?? []), args[++i]];
    } else if (arg in VALUES) {
      options[VALUES[arg] ?? 'unused'] = args[++i];
    } else if (arg !== '--dry-run') {
      rest.push(arg);
    }
  }
  const [source = '', out = '', quant = ''] = rest;
  return { ...options, source, output: out, quant: parseQuants(quant) };
}

/** The folder in which the runs of one model take place; the process works in it, because file names are recorded. */
export class RunFolder {
  constructor(
    readonly folder: string,
    readonly model: string,
    readonly runs: ReadonlyMap<string, RunRecord>,
  ) {}

  /** The conversion that all runs start from. */
  async makeSource(): Promise<void> {
    const {
      repo,
      pre,
      convert: args,
    } = JSON.parse(readFileSync(join(this.model, 'case.json'), 'utf8')) as {
      repo: string;
      pre: PreTokenizerName | null;
      convert: readonly string[];
    };
    const outtype = (args[args.indexOf('--outtype') + 1] ?? 'auto') as OutTypeName;
    const preTokenizer = pre === null ? {} : { preTokenizer: pre };
    await finish(
      convert({ source: join(this.model, 'source', repo), outtype, ...preTokenizer, output: 'source.gguf' }),
    );
    for (const file of readdirSync(this.model).filter((name) => name.startsWith('imatrix'))) {
      copyFileSync(join(this.model, file), file);
    }
  }

  /** What the run wrote: each file's name, size and hash. */
  async run(record: RunRecord): Promise<FileRecord[]> {
    await this.#prepare(record);
    const result = await finish(quantize(toParams(record.args)));
    return result.files.map(({ path, size }) => {
      const file = { name: path, size, sha256: sha256(path) };
      rmSync(path);
      return file;
    });
  }

  async plan(record: RunRecord): Promise<Plan> {
    await this.#prepare(record);
    return planQuantize(toParams(record.args));
  }

  async #prepare(record: RunRecord): Promise<void> {
    const { source, imatrix } = toParams(record.args);
    if (record.imatrix_file && typeof imatrix === 'string') {
      copyFileSync(record.imatrix_file.replace(/ .*/, ''), imatrix);
    }
    if (record.patch) {
      await makeBroken(source, record.patch);
    } else if (record.sources) {
      await finish(split({ source: 'source.gguf', splitMaxTensors: 12, output: 'split.gguf' }));
    } else if (!existsSync(source)) {
      const args = record.source_args ?? this.runs.get(source.replace(/\.gguf$/, ''))?.args;
      if (args === undefined) {
        throw new Error(`no run makes ${source}`);
      }
      await finish(quantize({ ...toParams(args), output: source }));
    }
  }
}

async function makeBroken(path: string, patch: NonNullable<RunRecord['patch']>): Promise<void> {
  copyFileSync('source.gguf', path);
  const file = await openFile(path);
  const { tensors } = await readGguf(file);
  await file.close();
  const tensor = tensors.find(({ name }) => name === patch.tensor);
  if (!tensor) throw new Error(`no tensor ${patch.tensor}`);
  const isWide = tensor.type === 'F32';
  const fd = openSync(path, 'r+');
  const at = tensor.offset + patch.element * (isWide ? 4 : 2) + (isWide ? 2 : 0);
  writeSync(fd, Uint16Array.of(patch.bf16_or_high_half), 0, 2, at);
  closeSync(fd);
}
