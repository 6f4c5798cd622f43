import { readFile, realpath } from 'node:fs/promises';
import { type Call, stream } from '../async/stream.js';
import { Hf2ggufError, UnsupportedError, UsageError } from '../errors.js';
import type { DoneEvent, ProgressEvent, WarningEvent } from '../events.js';
import type { ByteSource } from '../gguf/byte-source.js';
import type { KeyValues } from '../gguf/key-values.js';
import { type GgufFile, readGguf } from '../gguf/reader.js';
import { encodeHeader } from '../gguf/writer.js';
import { doubtTemplates } from '../jinja/doubt-templates.js';
import type { Fault } from '../loading/fault.js';
import { findFaults, findKeyFaults } from '../loading/faults.js';
import { checkOutputs, type Guard, guardOf } from '../output/guard.js';
import { GGUF_FILE } from '../output/kinds.js';
import { openFile } from '../repo/open-file.js';
import { type DoubtSink, doubt } from '../warnings.js';
import { parseAssignment } from './assignments.js';
import { type KeyChange, keyChanges } from './key-changes.js';
import { nearKey } from './near-keys.js';
import { type Edition, editInPlace, editInto, type Written } from './replace-header.js';

export interface EditParams {
  /** A GGUF file's path. */
  readonly source: string;
  /** `key=value`, or `key=type:value` with a type such as `u32`, `string` or `u32[]` (whose value is a JSON array). */
  readonly set?: readonly string[];
  /** Keys to take out, before any is set. */
  readonly remove?: readonly string[];
  /** Path of a Jinja template that becomes `tokenizer.chat_template`. */
  readonly chatTemplate?: string;
  /** Path of the file to write. @default the file itself */
  readonly output?: string;
  /** Report the changes and write nothing. @default false */
  readonly dryRun?: boolean;
  /** Replaces a file of another kind, and writes what llama.cpp would not load. @default false */
  readonly force?: boolean;
  /** Throw an error where there would be a warning about a doubtful result. @default false */
  readonly strict?: boolean;
  readonly signal?: AbortSignal;
}

export type EditEvent =
  | ({ readonly event: 'change' } & KeyChange)
  | WarningEvent
  /** Bytes copied, of all that will be. */
  | ProgressEvent
  | DoneEvent<EditResult>;

export interface EditResult {
  readonly path: string;
  readonly changes: readonly KeyChange[];
  readonly written: Written;
  /** Whether it took the place of another file. */
  readonly replaced: boolean;
}

export class ProtectedKeyError extends UsageError {}
export class UnknownKeyError extends UsageError {}
export class ChatTemplateFileError extends UsageError {}
export class BigEndianFileError extends UnsupportedError {}
/** llama.cpp would not load the result, but loads the file. */
export class UnloadableResultError extends UsageError {}
/** The result would not be readable. */
export class UnreadableResultError extends UsageError {}

/**
 * Changes key-values of a GGUF file, never its tensors. Whenever it is stopped, there is the old file or the new one.
 * @throws UsageError, UnsupportedError, SourceError, ResourceError, InterruptedError; StrictError with `strict`
 */
export function edit(params: EditParams): Call<EditEvent, EditResult> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

async function run(params: EditParams, emit: (event: EditEvent) => void): Promise<EditResult> {
  const guard = await guardOf(params);
  if (params.output !== undefined) {
    await checkOutputs([{ path: params.output, replaceable: GGUF_FILE }], guard);
  }
  const source = await openFile(params.source);
  try {
    const file = await readGguf(source, params.signal);
    if (file.bigEndian) {
      throw new BigEndianFileError(`${params.source} is big-endian.`, 'Convert the model again for this machine.');
    }
    const kv = await edited(file.kv, params);
    const changes = keyChanges(file.kv.entries(), kv.entries());
    for (const change of changes) {
      emit({ event: 'change', ...change });
    }
    const to = { emit, strict: params.strict };
    tellDoubts(file, kv, params, to);
    await doubtTemplates(
      changes.flatMap(({ key, to }) => (to ? [[key, to] as const] : [])),
      to,
    );
    const edition: Edition = {
      source,
      dataOffset: file.dataOffset,
      header: await newHeader(source, file, kv),
      signal: params.signal,
      emit,
    };
    const done = params.dryRun ? UNTOUCHED : await write(edition, params, guard);
    const result = { path: params.output ?? params.source, changes, ...done };
    emit({ event: 'done', result });
    return result;
  } finally {
    await source.close();
  }
}

const UNTOUCHED = { written: 'nothing', replaced: false } as const;

async function write(
  edition: Edition,
  { source, output }: EditParams,
  guard: Guard,
): Promise<Pick<EditResult, 'written' | 'replaced'>> {
  return output === undefined
    ? // Where the file is a link, what it leads to is edited.
      { written: await editInPlace(edition, await realpath(source)), replaced: false }
    : { written: 'file', replaced: await editInto(edition, output, guard) };
}

/** @throws UnloadableResultError where a file that loads would no longer do so, unless that is forced; StrictError */
function tellDoubts(file: GgufFile, kv: KeyValues, { force }: EditParams, to: DoubtSink): void {
  for (const [key] of kv.entries()) {
    const near = nearKey(key, file.kv);
    if (near !== undefined) {
      doubt(to, `${key} is a new key.`, `Did you mean ${near}?`);
    }
  }
  const before = faultsOf(file, file.kv);
  const known = new Set(before.map(({ what }) => what));
  const faults = faultsOf(file, kv).filter(({ what }) => !known.has(what));
  const first = faults.find(({ certain }) => certain);
  if (first && !force && !before.some(({ certain }) => certain)) {
    throw new UnloadableResultError(first.what, 'Set another value, or write it all the same with --force.');
  }
  for (const { what, next } of faults) {
    doubt(to, what, next);
  }
}

/** The faults of a result. A part of a split file and a vocabulary are judged by their key-values alone. */
function faultsOf({ tensors }: GgufFile, kv: KeyValues): Fault[] {
  const isWhole = tensors.length > 0 && Number(kv.get('split.count')?.value ?? 0) < 2;
  return isWhole ? findFaults({ kv, tensors }) : findKeyFaults(kv);
}

async function edited(old: KeyValues, { set = [], remove = [], chatTemplate }: EditParams): Promise<KeyValues> {
  const kv = old.clone();
  for (const key of remove) {
    if (!kv.has(key)) {
      throw new UnknownKeyError(`There is no key ${key} to remove.`, '`hf2gguf inspect` lists the keys.');
    }
    if (isNeeded(key, old)) {
      throw new ProtectedKeyError(`${key} can't be removed.`, 'No program could read the file without it.');
    }
    kv.delete(key);
  }
  for (const text of set) {
    const { key, value } = parseAssignment(text, (key) => kv.get(key));
    if (LAYOUT_KEYS.includes(key)) {
      throw new ProtectedKeyError(`${key} can't be set.`, 'It says how the tensors lie in the file, which stays.');
    }
    if (key === ARCHITECTURE && value.type !== 'string') {
      throw new ProtectedKeyError(`${key} has to be a string.`, 'Leave the type out.');
    }
    kv.set(key, value);
  }
  return chatTemplate === undefined ? kv : kv.string('tokenizer.chat_template', await readTemplate(chatTemplate));
}

const ARCHITECTURE = 'general.architecture';
const ALIGNMENT = 'general.alignment';
const LAYOUT_KEYS: readonly string[] = [ALIGNMENT, 'split.no', 'split.count', 'split.tensors.count'];

/** A merged file, whose count of parts is 0, can do without what was left of its parts. */
function isNeeded(key: string, kv: KeyValues): boolean {
  const isPart = Number(kv.get('split.count')?.value ?? 0) > 0;
  return key === ARCHITECTURE || key === ALIGNMENT || (isPart && LAYOUT_KEYS.includes(key));
}

/** Line ends as Python's text files have them, and so the converter. */
async function readTemplate(path: string): Promise<string> {
  const wrong = (what: string, cause: unknown) =>
    new ChatTemplateFileError(`--chat-template ${path} ${what}.`, 'Give a Jinja template as a text file.', { cause });
  const bytes = await readFile(path).catch((cause: Error) => {
    throw wrong(`can't be read: ${cause.message}`, cause);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch (cause) {
    throw wrong('is no UTF-8', cause);
  }
}

/**
 * The header with other key-values, as long as the data's alignment wants it.
 * @throws UnreadableResultError where what was set passes the reader's limits.
 */
async function newHeader(source: ByteSource, file: GgufFile, kv: KeyValues): Promise<Uint8Array> {
  const { tensors, dataOffset, size } = file;
  const header = encodeHeader(
    kv.entries(),
    tensors.map((tensor) => ({ ...tensor, offset: tensor.offset - dataOffset })),
    // A file without tensors may end with its header, unpadded.
    size >= dataOffset,
  );
  await checkReadable({
    name: source.name,
    size: header.length + Math.max(0, size - dataOffset),
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      bytes.set(header.subarray(offset, offset + length));
      return bytes;
    },
    close: async () => {},
  });
  return header;
}

async function checkReadable(result: ByteSource): Promise<void> {
  try {
    await readGguf(result);
  } catch (cause) {
    const why = cause instanceof Hf2ggufError ? cause.what : String(cause);
    throw new UnreadableResultError(`With these values, ${why}`, 'Set shorter or fewer values.', { cause });
  }
}
