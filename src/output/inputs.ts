import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { partNames } from '../gguf-files/locate.js';
import { openFolder } from '../repo/folder.js';

/** The parameters of all calls that name what a call reads: files, folders, or models on the Hub. */
export interface Reading {
  readonly source?: string | readonly string[] | undefined;
  readonly against?: string | undefined;
  readonly in?: readonly string[] | undefined;
  readonly text?: string | undefined;
  readonly imatrix?: unknown;
  readonly imatrixText?: string | undefined;
  readonly sensitivities?: unknown;
  readonly metadata?: string | undefined;
  readonly tensorTypeFile?: string | undefined;
  readonly chatTemplate?: string | undefined;
  readonly check?: boolean | { readonly text?: string } | undefined;
}

/**
 * The files on this machine that such parameters name: for a folder all its files, for one part of a split file all
 * parts.
 * @throws as `openFolder`
 */
export async function inputFiles(reading: Reading): Promise<string[]> {
  const { source, against, in: added, text, imatrix, imatrixText, sensitivities } = reading;
  const { metadata, tensorTypeFile, chatTemplate } = reading;
  const checked = typeof reading.check === 'object' ? reading.check.text : undefined;
  const names = [
    source,
    added,
    against,
    text,
    imatrix,
    imatrixText,
    sensitivities,
    metadata,
    tensorTypeFile,
    chatTemplate,
    checked,
  ];
  const files: string[][] = [];
  for (const name of names.flat()) {
    if (typeof name === 'string') {
      files.push(await filesOf(name));
    }
  }
  return files.flat();
}

async function filesOf(name: string): Promise<string[]> {
  const kind = await stat(name).catch(() => null);
  if (kind?.isDirectory()) {
    const repo = await openFolder(name);
    return (await repo.list()).flatMap(({ path }) => repo.local(path) ?? []);
  }
  return kind ? partNames(basename(name)).map((part) => join(dirname(name), part)) : [];
}
