import { SourceError, UnsupportedError } from '../errors.js';
import { ggufFiles, shownFiles, sourceOf } from './file-names.js';
import type { Repo } from './repo.js';
import type { SmallFiles } from './small-files.js';

/** The source exists, and is no model in the format of transformers. */
export class NoModelError extends SourceError {}
/** A model in a format that is not read. */
export class ModelFormatError extends UnsupportedError {}

interface Contents {
  readonly repo: Repo;
  readonly paths: readonly string[];
  /** Of an adapter: its base. */
  readonly base: string | undefined;
}

interface Kind {
  is(contents: Contents): boolean;
  /** What follows the repository's name. */
  readonly what: (contents: Contents) => string;
  readonly next: (contents: Contents) => string;
  readonly isUnsupported?: true;
}

const holds =
  (pattern: RegExp) =>
  ({ paths }: Contents) =>
    paths.some((path) => pattern.test(path));
const TRANSFORMERS = 'Give the repository of a model in the format of transformers.';

/** The kinds in the order in which they are tried; the first that fits counts. */
const KINDS: readonly Kind[] = [
  {
    is: ({ paths }) => paths.length === 0,
    what: () => 'is empty',
    next: () => TRANSFORMERS,
  },
  {
    is: holds(/^adapter_(config\.json|model\.)/),
    what: ({ base }) => `holds an adapter (LoRA)${base ? ` of ${base}` : ''}, which is not supported yet`,
    next: ({ base }) => `Convert ${base ?? 'its base model'}, or the model that has the adapter merged into it.`,
    isUnsupported: true,
  },
  {
    is: holds(/^(model_index\.json|[^/]+\/diffusion_pytorch_model[^/]*)$/),
    what: () => 'holds a pipeline of diffusers, which is not supported',
    next: () => 'Give the repository of a language model.',
    isUnsupported: true,
  },
  {
    is: holds(/\.gguf$/i),
    what: ({ paths }) => `holds GGUF files (${shownFiles(ggufFiles(paths))}) and no model to convert`,
    next: ({ repo, paths }) =>
      `One of them is quantized with \`hf2gguf quantize ${sourceOf(repo, ggufFiles(paths)[0] ?? 'FILE')} q4_0\`.`,
  },
  {
    is: (contents) =>
      holds(/^(params\.json|tekken\.json|consolidated[^/]*\.safetensors)$/)(contents) && !holds(/\.pth$/)(contents),
    what: () => "holds a model in Mistral's own format (params.json, consolidated files, tekken.json)",
    next: () => 'Add --mistral-format.',
  },
  {
    is: holds(/\.onnx$/),
    what: () => 'holds an ONNX model, which is not supported',
    next: () => 'Give the model that it was exported from; its model card may name it.',
    isUnsupported: true,
  },
  {
    is: (contents) => holds(/\.(bin|pth?|ckpt|h5|msgpack|npz)$/)(contents) && !holds(/\.safetensors$/)(contents),
    what: () => 'holds weights that are neither model*.safetensors nor pytorch_model*.bin, which is not supported',
    next: () =>
      'Use a revision of the repository with safetensors, or convert the weights with the script that transformers has for them.',
    isUnsupported: true,
  },
  {
    is: ({ paths }) => nested(paths) !== undefined,
    what: ({ paths }) => `has its config.json in ${nested(paths)}`,
    next: ({ repo: { id }, paths }) =>
      `Give that folder, ${id}/${nested(paths)}; of the Hub's repositories only whole ones are read.`,
  },
  {
    is: (contents) =>
      holds(/\.(parquet|arrow|jsonl|csv|tsv)$/)(contents) && !holds(/(\.safetensors|^config\.json)$/)(contents),
    what: () => 'holds a dataset, and no model',
    next: () => TRANSFORMERS,
  },
];

/**
 * The error for a repository that has no config.json, or no weights beside it.
 * @param missing what it does not have.
 */
export async function noModel(files: SmallFiles, missing: 'config.json' | 'weights'): Promise<Error | null> {
  const { repo } = files;
  const { id } = repo;
  const paths = (await repo.list()).map((file) => file.path);
  const adapter = paths.includes('adapter_config.json') ? await files.json('adapter_config.json') : null;
  const named = adapter?.base_model_name_or_path;
  const contents = { repo, paths, base: typeof named === 'string' ? named : undefined };
  const kind = KINDS.find(({ is }) => is(contents));
  if (kind) {
    const what = `${id} ${kind.what(contents)}.`;
    return kind.isUnsupported
      ? new ModelFormatError(what, kind.next(contents))
      : new NoModelError(what, kind.next(contents));
  }
  return missing === 'config.json' ? new NoModelError(`${id} has no config.json.`, TRANSFORMERS) : null;
}

/** The folder that holds a model, where there is one. */
function nested(paths: readonly string[]): string | undefined {
  const found = paths.includes('config.json') ? [] : paths.filter((path) => /^[^/]+\/config\.json$/.test(path));
  return found.length === 1 ? found[0]?.slice(0, -'/config.json'.length) : undefined;
}
