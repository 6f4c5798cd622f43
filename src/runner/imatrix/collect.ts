import { throwIfAborted } from '../../async/concurrency.js';
import { SourceError } from '../../errors.js';
import type { SummedEntry } from '../../quantize/imatrix/imatrix.js';
import type { Vocabulary } from '../../tokenize/vocabulary.js';
import type { Engine } from '../engine.js';
import { chunkCount } from '../measure.js';
import { BATCH_TOKENS } from '../memory.js';

export class NonFiniteActivationsError extends SourceError {}

export interface ChunkOptions {
  /** Tokens of a chunk. */
  readonly ctx: number;
  /** Chunks at most. @default all that the text has */
  readonly chunks?: number | undefined;
  /** Whether special tokens are recognised in the text. @default false */
  readonly parseSpecial?: boolean | undefined;
}

/**
 * A text's whole chunks, as llama-imatrix takes them (compute_imatrix of tools/imatrix/imatrix.cpp, llama.cpp v0.5.0):
 * one after the other, the first token of each replaced by the BOS where the vocabulary adds one.
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
  /** Also the inputs of output.weight. @default false */
  readonly processOutput?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk. */
  onChunk?(done: number, total: number): void;
}

/**
 * Runs chunks and gathers the squares of what all matrices were multiplied with, of every token.
 * @returns by tensor; those of blocks alone, as llama-imatrix has it, and the output where asked for.
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
      // The output is a large part of a small model's work, and its input is asked for rarely.
      await engine.run(batch, past, processOutput ? 0 : batch.length);
    }
    onChunk?.(index + 1, chunks.length);
  }
  const gathered = [...engine.activations()].filter(([name]) => isGathered(name, processOutput));
  engine.collect(false);
  return new Map(gathered.map(([name, { sums, counts }]) => [name, finite(name, { sums, counts: [...counts] })]));
}

/** Whether llama-imatrix has an entry for a matrix that is multiplied with. */
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
