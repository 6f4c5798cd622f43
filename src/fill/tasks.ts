import { align } from '../gguf/writer.js';
import type { Segment } from '../tensor/operator.js';
import { type Cutting, cut, MAX_SOURCE_BYTES } from './cut.js';
import { MEMORY_UNIT, type MeasuredPiece, type Piece } from './pieces.js';
import { planReads, type Read } from './reads.js';
import { comparePlaces, type Place, type WantedTensor } from './wanted.js';

/** The work that a worker gets in one message. It is plain data. */
export interface Task {
  readonly reads: readonly Read[];
  /** Bytes at the start of the task's memory that the reads fill. */
  readonly readBytes: number;
  readonly pieces: readonly Piece[];
  /** Bytes that the task takes, those of the reads included. */
  readonly memory: number;
  /** Whether all reads are from local files. */
  readonly isLocal: boolean;
  /** Source bytes that progress counts for the task. */
  readonly progress: number;
}

/** The most pieces of a task. Pieces of several small tensors share a task. */
const MAX_PIECES = 128;
/** The most source files of a task that has several pieces: they are all open at once, and so are those of other tasks. */
const MAX_FILES = 8;

/**
 * Makes the tasks one by one, when they are asked for. They have each row of each tensor once, in the order of the
 * sources.
 * @param tensors sorted by their first places.
 * @throws MemoryLimitError for a piece that does not fit; `leastMemory` finds such a piece before any work is done
 */
export function* makeTasks(tensors: Iterable<WantedTensor>, cutting: Cutting): Generator<Task, void, undefined> {
  let group: MeasuredPiece[] = [];
  let task: Task | undefined;
  for (const piece of piecesInOrder(tensors, cutting)) {
    const joined = joinedTask([...group, piece], cutting);
    if (task && !joined) {
      yield task;
      group = [];
    }
    group.push(piece);
    task = joined ?? taskOf(group, cutting);
  }
  if (task) {
    yield task;
  }
}

/** The next piece of a tensor, and those behind it. */
interface Cut {
  readonly piece: MeasuredPiece;
  readonly first: Place | undefined;
  readonly rest: Generator<MeasuredPiece, void, undefined>;
}

/**
 * The pieces of all tensors, in the order of the sources: where rows of several tensors take turns in a file, as the
 * experts of a mixture do, the file is read from its start to its end nevertheless.
 * @param tensors sorted by their first places.
 */
function* piecesInOrder(tensors: Iterable<WantedTensor>, cutting: Cutting): Generator<MeasuredPiece, void, undefined> {
  // Sorted from the last to the first.
  const open: Cut[] = [];
  const insert = (rest: Cut['rest']) => {
    const { value: piece } = rest.next();
    if (piece) {
      const first = firstPlace(piece.segments);
      let at = open.length;
      while (at > 0 && comparePlaces((open[at - 1] as Cut).first, first) <= 0) {
        at--;
      }
      open.splice(at, 0, { piece, first, rest });
    }
  };
  function* before(place: Place | undefined, isEnd: boolean) {
    for (let next = open.at(-1); next && (isEnd || comparePlaces(next.first, place) < 0); next = open.at(-1)) {
      open.pop();
      yield next.piece;
      insert(next.rest);
    }
  }
  for (const tensor of tensors) {
    yield* before(tensor.first, false);
    insert(cut(tensor, cutting));
  }
  yield* before(undefined, true);
}

function firstPlace(segments: readonly Segment[]): Place | undefined {
  return segments.reduce<Place | undefined>(
    (first, segment) => (first && comparePlaces(first, segment) <= 0 ? first : segment),
    undefined,
  );
}

/** A task of several pieces; undefined if it would be too large. */
function joinedTask(group: readonly MeasuredPiece[], cutting: Cutting): Task | undefined {
  const isSmall = group.reduce((sum, { bytes }) => sum + bytes, 0) <= MAX_SOURCE_BYTES;
  const files = new Set(group.flatMap(({ segments }) => segments.map(({ file }) => file)));
  if (
    group.length > MAX_PIECES ||
    (group.length > 1 && files.size > MAX_FILES) ||
    group.some(({ isLocal }) => isLocal !== group[0]?.isLocal)
  ) {
    return undefined;
  }
  const isRead = !isSmall && group.length > 1 && hasReadLast(group);
  if (!isSmall && !isRead) {
    return undefined;
  }
  const task = taskOf(group, cutting);
  return task.memory <= (isRead ? cutting.most : cutting.share) ? task : undefined;
}

/** Whether the others read most of what the last piece needs, as those of a matrix's left half read its right half. */
function hasReadLast(group: readonly MeasuredPiece[]): boolean {
  const size = (pieces: readonly MeasuredPiece[]) => {
    return planReads(
      pieces.flatMap(({ segments }) => segments),
      pieces.every(({ isLocal }) => isLocal),
    ).size;
  };
  return size(group) - size(group.slice(0, -1)) <= size(group.slice(-1)) / 8;
}

function taskOf(group: readonly MeasuredPiece[], { keepsOutputs = false }: Cutting): Task {
  const isLocal = group.every((piece) => piece.isLocal);
  const { reads, size } = planReads(
    group.flatMap(({ segments }) => segments),
    isLocal,
  );
  // Unless outputs are kept, the memory of a piece is free again once it is written.
  const work = group.reduce((most, piece) => (keepsOutputs ? most + piece.work : Math.max(most, piece.work)), 0);
  return {
    reads,
    readBytes: size,
    pieces: group.map(({ expr, from, to, columns, destinations, step }) => {
      return { expr, from, to, columns, destinations, step };
    }),
    memory: align(size + work, MEMORY_UNIT),
    isLocal,
    progress: group.reduce((sum, { progress }) => sum + progress, 0),
  };
}
