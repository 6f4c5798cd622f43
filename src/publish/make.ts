import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { forward } from '../async/stream.js';
import { convert } from '../calls/conversions.js';
import type { WrittenFile } from '../layout/written-file.js';
import type { Imatrix } from '../quantize/imatrix/imatrix.js';
import { readImatrix } from '../quantize/imatrix/read.js';
import { LocalBlob } from '../repo/local-blob.js';
import { openFile } from '../repo/open-file.js';
import { check } from '../runner/check.js';
import type { CheckResult } from '../runner/check-result.js';
import { AUTO, collectImatrix } from '../runner/imatrix/auto.js';
import { type LfsFile, type LfsSource, sha256Of } from './lfs-upload.js';
import type { PublishedFile } from './manifest.js';
import { checkOf, measuredOf } from './measured.js';
import type { PublishEvent, PublishParams } from './params.js';
import { conversionOf, type MissingType, type Prepared } from './prepare.js';
import { recipeKey } from './recipe.js';
import type { WorkFolder } from './work-folder.js';

/** The importance matrix in the work folder and in the repository. */
export const IMATRIX = 'imatrix.gguf';

/** Makes files in the work folder: converted, measured, and noted after each step. */
export class Maker {
  constructor(
    readonly params: PublishParams,
    readonly prepared: Prepared,
    readonly work: WorkFolder,
    readonly emit: (event: PublishEvent) => void,
  ) {}

  /** @returns the files of these types, made now or before. @throws as `convert`, `collectImatrix` and `check` */
  async make(group: readonly MissingType[]): Promise<PublishedFile[]> {
    const isMade = ({ recipe }: MissingType) => this.work.made.some((file) => file.recipe === recipe);
    await this.#take(group.filter((type) => !isMade(type)));
    const missing = group.filter((type) => !isMade(type));
    if (missing.length > 0) {
      await this.#convert(missing);
    }
    if (this.params.check) {
      await this.#measure(group);
    }
    return group.flatMap(({ recipe }) => this.work.made.filter((file) => file.recipe === recipe));
  }

  /** Takes files that a conversion before this call has made. */
  async #take(missing: readonly MissingType[]): Promise<void> {
    const { work } = this;
    const { files = [], check = null } = this.params.made ?? {};
    for (const type of missing) {
      const parts = type.files.map(({ path, size }) => ({ path: work.file(path), size }));
      const found = files.find((file) => file.type === type.type);
      if (found && (await work.has({ parts }))) {
        await this.#add(type, parts, type.files[0]?.bitsPerWeight ?? 0, found.measured);
        work.check ??= check;
      }
    }
    await work.note();
  }

  async #convert(missing: readonly MissingType[]): Promise<void> {
    const { prepared, work, emit } = this;
    const imatrix = await this.#imatrix();
    const [{ splitMaxSize }] = missing as [MissingType];
    const call = convert({
      ...conversionOf(this.params),
      ...{ source: prepared.pinned, quant: missing.map(({ type }) => type), output: `${work.path}/` },
      ...(imatrix !== undefined && { imatrix }),
      ...(splitMaxSize !== undefined && { splitMaxSize }),
    });
    const { files } = await forward(call, (event) => {
      if (event.event !== 'done' && event.event !== 'plan') {
        emit(unnumbered(event));
      }
    });
    for (const type of missing) {
      const own = files.filter((file) => file.type === type.type);
      await this.#add(type, own, own[0]?.bitsPerWeight ?? 0, null);
    }
    await work.note();
  }

  async #add(
    { type, recipe, cache }: MissingType,
    files: readonly Pick<WrittenFile, 'path' | 'size'>[],
    bitsPerWeight: number,
    measured: PublishedFile['measured'],
  ): Promise<void> {
    const commit = this.prepared.source.repo.revision;
    const parts = await Promise.all(files.map(partOf));
    this.work.made.push({ type, recipe, cache, commit, measured, parts, bitsPerWeight });
  }

  /** The matrix that `auto` stands for, computed once for all types and kept in the work folder; else what was given. */
  async #imatrix(): Promise<Imatrix | string | undefined> {
    const { params, prepared, work, emit } = this;
    if (params.imatrix !== 'auto') {
      return params.imatrix;
    }
    const path = work.file(IMATRIX);
    const recipe = recipeKey(prepared.pinned, `${params.imatrixText}`);
    if (work.imatrix !== recipe || !(await stat(path).catch(() => null))) {
      const { imatrixText: text, ...rest } = conversionOf(params);
      await collectImatrix({ ...rest, source: prepared.pinned, text, imatrixOut: path }, (event) => {
        emit(unnumbered(event));
      });
      work.imatrix = recipe;
      await work.note();
    }
    const file = await openFile(path);
    try {
      return await readImatrix(file, AUTO, params.signal);
    } finally {
      await file.close();
    }
  }

  async #measure(group: readonly MissingType[]): Promise<void> {
    const { params, prepared, work, emit } = this;
    const unmeasured = work.made.filter((file) => {
      return file.measured === null && group.some(({ recipe }) => recipe === file.recipe);
    });
    if (unmeasured.length === 0) {
      return;
    }
    const sources = unmeasured.map(({ parts }) => work.file(parts[0]?.path ?? ''));
    const options = typeof params.check === 'object' ? params.check : {};
    const call = check({ ...conversionOf(params), ...options, source: sources, against: prepared.pinned });
    let result: CheckResult | undefined;
    try {
      await forward(call, (event) => {
        if (event.event === 'done') {
          result = event.result;
        } else {
          emit(unnumbered(event));
        }
      });
    } finally {
      // A limit that is not kept ends the call after the figures are there.
      if (result) {
        this.#note(sources, result);
        await work.note();
      }
    }
  }

  #note(sources: readonly string[], result: CheckResult): void {
    const { work } = this;
    work.check = checkOf(result);
    work.made = work.made.map((file) => {
      const model = result.models.find((_, i) => sources[i] === work.file(file.parts[0]?.path ?? ''));
      return { ...file, measured: (model && measuredOf(model)) ?? file.measured };
    });
  }

  /** The matrix as a file for the repository; null where none was computed. */
  async imatrixFile(): Promise<LfsSource | null> {
    const file = this.work.file(IMATRIX);
    const stats = this.params.imatrix === 'auto' ? await stat(file).catch(() => null) : null;
    return stats && localSource(await partOf({ path: file, size: stats.size }), file);
  }
}

/** Stages of calls within this one, whose numbers would begin anew with each. */
function unnumbered<Event extends PublishEvent>(event: Event): PublishEvent {
  return event.event === 'phase' ? { event: 'phase', phase: event.phase } : event;
}

/** A part of a file that is made, with its hash. */
async function partOf({ path, size }: Pick<WrittenFile, 'path' | 'size'>): Promise<LfsFile> {
  return { path: basename(path), size, sha256: await sha256Of(new LocalBlob(path, 0, size)) };
}

/** A file of this machine that is to be sent. */
export function localSource(part: LfsFile, file: string): LfsSource {
  return { ...part, slice: (from, to, onSent) => new LocalBlob(file, from, to - from, onSent) };
}
