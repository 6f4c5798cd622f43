import { readFile, rename, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { SourceError } from '../errors.js';
import { parseJsonObject } from '../json.js';
import { MAX_REPO_PATH_LENGTH } from '../limits.js';

/** A file that is no state of a watch. */
export class WatchStateError extends SourceError {}

const text = v.pipe(v.string(), v.maxLength(4 * MAX_REPO_PATH_LENGTH));

const state = v.object({
  version: v.literal(1),
  /** Owner to the time of the newest change that was dealt with, in ISO 8601. */
  seen: v.record(text, text),
  /** Model to what became of it: its commit, and why it could not be published where it couldn't. */
  models: v.record(text, v.object({ commit: text, why: v.nullable(text) })),
});

export type ModelState = { readonly commit: string; readonly why: string | null };

/** What a watch has seen, in one file that is replaced whole after each model. */
export class WatchState {
  readonly seen = new Map<string, string>();
  readonly models = new Map<string, ModelState>();

  private constructor(readonly path: string) {}

  /** @throws WatchStateError */
  static async read(path: string): Promise<WatchState> {
    const own = new WatchState(path);
    const json = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') {
        throw new WatchStateError(`${path} cannot be read: ${error.message}.`, 'Name another file with --state.');
      }
      return null;
    });
    if (json === null) {
      return own;
    }
    const parsed = v.safeParse(state, parseJsonObject(json, path));
    if (!parsed.success) {
      throw new WatchStateError(
        `${path} is no state of hf2gguf watch.`,
        'Name another file with --state, or remove it.',
      );
    }
    for (const [owner, time] of Object.entries(parsed.output.seen)) {
      own.seen.set(owner, time);
    }
    for (const [model, entry] of Object.entries(parsed.output.models)) {
      own.models.set(model, entry);
    }
    return own;
  }

  async write(): Promise<void> {
    const value = { version: 1, seen: Object.fromEntries(this.seen), models: Object.fromEntries(this.models) };
    await writeFile(`${this.path}.new`, `${JSON.stringify(value, undefined, 2)}\n`, { flush: true });
    await rename(`${this.path}.new`, this.path);
  }
}
