import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GgufTensor, readGguf } from '#src/gguf/reader.js';
import { GGML_TYPES, type GgufValue } from '#src/gguf/types.js';
import { encodeHeader } from '#src/gguf/writer.js';
import type { QuantName } from '#src/quantize/file-types.js';
import { run } from '../calls/records.js';
import { byteSource, ggufBytes, type Parts, type Tensor, u32 } from '../gguf/byte-file.js';
import { fixtures } from '../paths.js';

/** A GGUF file in parts that can be changed one by one. */
export interface Draft extends Omit<Parts, 'kv' | 'tensors' | 'dataBytes'> {
  /** What its own keys begin with. */
  readonly architecture: string;
  kv: Key[];
  /** In the order of their data. */
  tensors: DraftTensor[];
}

export type Key = readonly [key: string, type: number, value: Buffer];

export interface DraftTensor extends Tensor {
  readonly data: Buffer;
}

const ALIGNMENT = 32;
/** Source → types; as float32, the last would be a file of megabytes. */
const SOURCES: Readonly<Record<string, readonly QuantName[]>> = {
  'corpus/llama/source/Tiny-Llama-3-8B-Instruct': ['f32', 'q4_k_m'],
  'corpus/llama-2/source/Tiny-Llama-2-7b-chat-hf': ['f32', 'q4_k_m'],
  'corpus/qwen3/source/Qwen3-0.6B': ['f32', 'q4_k_m'],
  'corpus/ministral3/source/Tiny-Ministral-3-3B-Reasoning-2512': ['f32', 'q4_k_m'],
  'Tiny-Verse-2M': ['q4_k_m', 'iq4_xs'],
};

/** Converts some small models. @returns the files' paths. */
export async function convertModels(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const [source, quant] of Object.entries(SOURCES)) {
    const out = join(folder, `model-${paths.length}-{ftype}.gguf`);
    const { result } = await run({ source: join(fixtures, source), quant, output: out, jobs: 1 });
    paths.push(...result.files.map(({ path }) => path));
  }
  return paths;
}

/** A file's parts, cut to one block. */
export async function readDraft(path: string): Promise<Draft> {
  const bytes = readFileSync(path);
  const { kv, tensors } = await readGguf(byteSource(bytes).source);
  const architecture = String(kv.get('general.architecture')?.value ?? kv.get('general.type')?.value);
  const kept = tensors.filter(({ name }) => !/^blk\.[^0]/.test(name));
  const draft = {
    architecture,
    kv: [...kv.entries()].map(([key, value]) => encodeKey(key, value)),
    tensors: kept.map((tensor) => draftTensor(tensor, bytes)),
  };
  const blocks = `${architecture}.block_count`;
  draft.kv = draft.kv.map((key) => (key[0] === blocks ? [blocks, 4, u32(1)] : key));
  layOut(draft);
  return draft;
}

/** The bytes of a header with one key, without what stands before its type. */
function encodeKey(key: string, value: GgufValue): Key {
  const bytes = Buffer.from(encodeHeader([[key, value]], []));
  const start = 24 + 8 + Buffer.byteLength(key);
  return [key, bytes.readUInt32LE(start), bytes.subarray(start + 4)];
}

function draftTensor({ name, ne, type, offset, size }: GgufTensor, bytes: Buffer): DraftTensor {
  return { name, ne, type: GGML_TYPES[type][0], offset: 0, data: bytes.subarray(offset, offset + size) };
}

const padding = (length: number) => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;

/** Gives each tensor the offset at which its data will be. */
export function layOut(draft: Draft): void {
  let offset = 0;
  for (const [index, tensor] of draft.tensors.entries()) {
    draft.tensors[index] = { ...tensor, offset };
    offset += tensor.data.length + padding(tensor.data.length);
  }
}

/** The file, and how many of its bytes are the header. */
export function encodeDraft(draft: Draft): { bytes: Buffer; header: number } {
  const header = ggufBytes(draft);
  const data = draft.tensors.flatMap(({ data }) => [data, Buffer.alloc(padding(data.length))]);
  return { bytes: Buffer.concat([header, ...data]), header: header.length };
}
