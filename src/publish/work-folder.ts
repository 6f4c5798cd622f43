import { mkdir, readdir, readFile, rename, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { bytesOnDisk } from '../output/partial-files.js';
import { type Manifest, type PublishedFile, parseManifest } from './manifest.js';

const STATE = 'publish.json';

const state = v.object({ manifest: v.string(), uploaded: v.array(v.string()), imatrix: v.nullable(v.string()) });

/**
 * Where files are on their way to the Hub, with a note of what is done, so that the same command goes on where a killed one
 * was. The note is replaced whole after each step; a step whose note is missing is done again, which does no harm.
 */
export class WorkFolder {
  /** Files that are made: here, or at the Hub already. */
  made: PublishedFile[] = [];
  check: Manifest['check'] = null;
  /** Recipes of files that the Hub has, where no commit has them yet. */
  readonly uploaded = new Set<string>();
  /** The recipe for which the importance matrix in this folder was computed. */
  imatrix: string | null = null;

  constructor(
    readonly path: string,
    readonly source: string,
    readonly keeps: boolean,
  ) {}

  /**
   * Makes the folder, and reads the note of an earlier run. Files that are no longer there are not made.
   * @param recipes of the files that are wanted; others are removed, as those of another source are.
   */
  async open(recipes: readonly string[]): Promise<void> {
    await mkdir(this.path, { recursive: true });
    const text = await readFile(join(this.path, STATE), 'utf8').catch(() => null);
    const parsed = text === null ? null : v.safeParse(state, parseOrNull(text));
    const manifest = parsed?.success ? parseManifest(parsed.output.manifest) : null;
    if (!parsed?.success || !manifest) {
      return;
    }
    if (manifest.source !== this.source) {
      for (const file of manifest.files) {
        await this.drop(file);
      }
      return;
    }
    for (const recipe of parsed.output.uploaded) {
      this.uploaded.add(recipe);
    }
    this.imatrix = parsed.output.imatrix;
    this.check = manifest.check;
    for (const file of manifest.files) {
      if (!recipes.includes(file.recipe)) {
        await this.drop(file);
      } else if (this.uploaded.has(file.recipe) || (await this.has(file))) {
        this.made.push(file);
      }
    }
  }

  file(path: string): string {
    return join(this.path, basename(path));
  }

  async has({ parts }: Has): Promise<boolean> {
    const sizes = await Promise.all(
      parts.map(({ path }) =>
        stat(this.file(path)).then(
          ({ size }) => size,
          () => null,
        ),
      ),
    );
    return parts.every(({ size }, i) => sizes[i] === size);
  }

  /** Notes what is done by now. */
  async note(): Promise<void> {
    const manifest = JSON.stringify({ version: 1, source: this.source, check: this.check, files: this.made });
    const text = JSON.stringify({ manifest, uploaded: [...this.uploaded], imatrix: this.imatrix });
    const path = join(this.path, STATE);
    await writeFile(`${path}.new`, text, { flush: true });
    await rename(`${path}.new`, path);
  }

  /** Removes a file that the Hub has. */
  async drop({ parts }: PublishedFile): Promise<void> {
    for (const { path } of this.keeps ? [] : parts) {
      await rm(this.file(path), { force: true });
    }
  }

  /** Removes the note, what it is about, and the folder where nothing else is in it. */
  async close(others: readonly string[]): Promise<void> {
    for (const name of [STATE, `${STATE}.new`, ...(this.keeps ? [] : others)]) {
      await rm(join(this.path, name), { force: true });
    }
    if (!this.keeps) {
      await rmdir(this.path).catch(() => {});
    }
  }
}

/** Files by their names and sizes. */
interface Has {
  readonly parts: readonly { readonly path: string; readonly size: number }[];
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Bytes that are free where a folder is, or will be made.
 * @param keeps whether what is in the folder stays; else its bytes count as free.
 */
export async function freeBytes(folder: string, keeps: boolean): Promise<number> {
  const { bavail, bsize } = await statfs(folder).catch(() => statfs(dirname(resolve(folder))));
  const names = keeps ? [] : await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => bytesOnDisk(join(folder, name)).catch(() => 0)));
  return sizes.reduce((sum, size) => sum + size, bavail * bsize);
}
