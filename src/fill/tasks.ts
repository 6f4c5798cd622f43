import { align } from '../gguf/writer.js';
import { type Cutting, cut, MAX_SOURCE_BYTES } from './cut.js';
import { MEMORY_UNIT, type MeasuredPiece, type Piece } from './pieces.js';
import { planReads, type Read } from './reads.js';
import type { WantedTensor } from './wanted.js';

/** What a worker does in one go: plain data. */
export interface Task {
  readonly reads: readonly Read[];
  /** Bytes that the reads fill, from the start of the task's memory on. */
  readonly readBytes: number;
  readonly pieces: readonly Piece[];
  /** Bytes that it takes, the reads' among them. */
  readonly memory: number;
  /** Whether all reads are of files of this machine. */
  readonly isLocal: boolean;
  /** Source bytes that are done with it. */
  readonly progress: number;
}

/** Small tensors are done together, so many at most. */
const MAX_PIECES = 128;

/**
 * The work of filling, cut when its turn comes: each row of each tensor once, in the order of the tensors.
 * @throws MemoryLimitError for a piece that does not fit, which `checkMemory` finds before
 */
export function* makeTasks(tensors: Iterable<WantedTensor>, cutting: Cutting): Generator<Task, void, undefined> {
  let group: MeasuredPiece[] = [];
  let task: Task | undefined;
  for (const tensor of tensors) {
    for (const piece of cut(tensor, cutting)) {
      const joined = joinedTask([...group, piece], cutting);
      if (task && !joined) {
        yield task;
        group = [];
      }
      group.push(piece);
      task = joined ?? taskOf(group, cutting);
    }
  }
  if (task) {
    yield task;
  }
}

/** Pieces as one task, if it is no larger than a task should be. */
function joinedTask(group: readonly MeasuredPiece[], cutting: Cutting): Task | undefined {
  const isSmall = group.reduce((sum, { bytes }) => sum + bytes, 0) <= MAX_SOURCE_BYTES && group.length <= MAX_PIECES;
  if (!isSmall || group.some(({ isLocal }) => isLocal !== group[0]?.isLocal)) {
    return undefined;
  }
  const task = taskOf(group, cutting);
  return task.memory <= cutting.share ? task : undefined;
}

function taskOf(group: readonly MeasuredPiece[], { keepsOutputs = false }: Cutting): Task {
  const isLocal = group.every((piece) => piece.isLocal);
  const { reads, size } = planReads(
    group.flatMap(({ segments }) => segments),
    isLocal,
  );
  // A piece's memory is free again when it is written.
  const work = group.reduce((most, piece) => (keepsOutputs ? most + piece.work : Math.max(most, piece.work)), 0);
  return {
    reads,
    readBytes: size,
    pieces: group.map(({ expr, from, to, columns, destinations }) => ({ expr, from, to, columns, destinations })),
    memory: align(size + work, MEMORY_UNIT),
    isLocal,
    progress: group.reduce((sum, { progress }) => sum + progress, 0),
  };
}
