import { readFile, realpath } from 'node:fs/promises';
import { Hf2ggufError, UnsupportedError, UsageError } from '../errors.js';
import type { DoneEvent, ProgressEvent } from '../events.js';
import { type ByteSource, openFile } from '../gguf/byte-source.js';
import type { KeyValues } from '../gguf/key-values.js';
import { type GgufFile, readGguf } from '../gguf/reader.js';
import { encodeHeader } from '../gguf/writer.js';
import { type Call, stream } from '../stream.js';
import { parseAssignment } from './assignments.js';
import { type KeyChange, keyChanges } from './key-changes.js';
import { replaceHeader, type Written } from './replace-header.js';

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
  readonly signal?: AbortSignal;
}

export type EditEvent =
  | ({ readonly event: 'change' } & KeyChange)
  /** Bytes copied, of all that will be. */
  | ProgressEvent
  | DoneEvent<EditResult>;

export interface EditResult {
  readonly path: string;
  readonly changes: readonly KeyChange[];
  readonly written: Written;
}

export class ProtectedKeyError extends UsageError {}
export class UnknownKeyError extends UsageError {}
export class ChatTemplateFileError extends UsageError {}
export class BigEndianFileError extends UnsupportedError {}
/** The result would not be readable. */
export class UnreadableResultError extends UsageError {}

/**
 * Changes key-values of a GGUF file, never its tensors. Whenever it is stopped, there is the old file or the new one.
 * @throws UsageError, UnsupportedError, SourceError, ResourceError, InterruptedError
 */
export function edit(params: EditParams): Call<EditEvent, EditResult> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

async function run(params: EditParams, emit: (event: EditEvent) => void): Promise<EditResult> {
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
    const written = await replaceHeader({
      source,
      dataOffset: file.dataOffset,
      header: await newHeader(source, file, kv),
      // Where the file is a link, what it leads to is edited.
      path: params.output ?? (await realpath(params.source)),
      inPlace: params.output === undefined,
      signal: params.signal,
      onProgress: (done, total) => emit({ event: 'progress', unit: 'bytes', done, total }),
    });
    const result = { path: params.output ?? params.source, changes, written };
    emit({ event: 'done', result });
    return result;
  } finally {
    await source.close();
  }
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
