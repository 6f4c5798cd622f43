import { throwIfAborted } from '../../async/concurrency.js';
import { SourceError } from '../../errors.js';
import type { SummedEntry } from '../../quantize/imatrix/imatrix.js';
import type { Vocabulary } from '../../tokenize/vocabulary.js';
import type { Engine } from '../engine.js';
import { chunkCount } from '../measure.js';
import { BATCH_TOKENS } from '../memory.js';

/** The inputs of a matrix product are NaN or infinite. */
export class NonFiniteActivationsError extends SourceError {}

export interface ChunkOptions {
  /** The tokens of a chunk. */
  readonly ctx: number;
  /** The most chunks to run. @default all chunks of the text */
  readonly chunks?: number | undefined;
  /** Whether special tokens are recognised in the text. @default false */
  readonly parseSpecial?: boolean | undefined;
}

/**
 * Cuts a text into whole chunks, as llama-imatrix does (compute_imatrix in tools/imatrix/imatrix.cpp, llama.cpp
 * v0.5.0). If the vocabulary adds a BOS, it replaces the first token of each chunk.
 * @throws ContextError, ShortTextError
 */
export function chunkTokens(
  vocabulary: Vocabulary,
  text: string,
  { ctx, chunks, parseSpecial = false }: ChunkOptions,
): Int32Array[] {
  const tokens = vocabulary.encode(text, { special: parseSpecial, edges: true });
  return Array.from({ length: chunkCount(tokens.length, ctx, chunks) }, (_, i) => {
    const chunk = tokens.slice(i * ctx, (i + 1) * ctx);
    if (vocabulary.addBos && vocabulary.bos !== null) {
      chunk[0] = vocabulary.bos;
    }
    return chunk;
  });
}

export interface CollectOptions {
  /** Whether to collect the inputs of output.weight, too. @default false */
  readonly processOutput?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk. */
  onChunk?(done: number, total: number): void;
}

/**
 * Runs chunks and sums up the squares of the inputs of all matrix products, over all tokens.
 * @returns the sums by tensor. As in llama-imatrix these are the tensors of blocks, and the output if it was asked for.
 * @throws NonFiniteActivationsError, InterruptedError
 */
export async function collectSums(
  engine: Engine,
  chunks: readonly Int32Array[],
  { processOutput = false, signal, onChunk }: CollectOptions = {},
): Promise<Map<string, SummedEntry>> {
  engine.collect(true);
  for (const [index, chunk] of chunks.entries()) {
    for (let past = 0; past < chunk.length; past += BATCH_TOKENS) {
      throwIfAborted(signal);
      const batch = chunk.subarray(past, past + BATCH_TOKENS);
      // The output takes a large part of a small model's time, and its input is rarely needed.
      await engine.run(batch, past, processOutput ? 0 : batch.length);
    }
    onChunk?.(index + 1, chunks.length);
  }
  const gathered = [...engine.activations()].filter(([name]) => isGathered(name, processOutput));
  engine.collect(false);
  return new Map(gathered.map(([name, { sums, counts }]) => [name, finite(name, { sums, counts: [...counts] })]));
}

/** Whether llama-imatrix has an entry for the matrix of a product. */
export function isGathered(name: string, processOutput: boolean): boolean {
  return name.startsWith('blk.') || (processOutput && name === 'output.weight');
}

function finite(name: string, entry: SummedEntry): SummedEntry {
  if (!entry.sums.every(Number.isFinite)) {
    throw new NonFiniteActivationsError(
      `The inputs of ${name} are not finite, so the model computes nothing of use.`,
      'Check the file, or convert the model again.',
    );
  }
  return entry;
}
