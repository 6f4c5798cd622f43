import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { partOf } from '../locate-gguf.js';
import { fillTemplate } from '../metadata/file-name.js';
import type { PlannedFile } from './plan.js';

export class OutputNameError extends UsageError {}

/**
 * Where files go: into `out` under their own names where it is a folder (or ends like one), else to `out` itself, in
 * which `{ftype}` or `{type}` stands for the file type. The default is the current folder.
 */
export async function outputPaths(out: string | undefined, files: readonly PlannedFile[]): Promise<string[]> {
  if (out === undefined || /[/\\]$/.test(out) || (await isFolder(out))) {
    return files.map((file) => join(out ?? '.', file.name));
  }
  const paths = files.map(({ type, part }) => {
    const path = fillTemplate(out.replace(/\{type\}/gi, '{ftype}'), type ?? 'vocab');
    return part ? partOf(path, ...part) : path;
  });
  if (new Set(paths).size < paths.length) {
    throw new OutputNameError(
      `--out ${out} gives ${paths.length} files one name.`,
      'Give a folder, or put {type} into the name.',
    );
  }
  return paths;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}
