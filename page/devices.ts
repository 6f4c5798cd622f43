const GIB = 2 ** 30;

export interface Device {
  readonly name: string;
  /** Bytes that a model can have. */
  readonly room: number;
}

/**
 * A name, the memory in GiB, and how much of it others need: the system and programs of a computer; the screen and what
 * llama.cpp computes with on a graphics card. Metal gives a Mac's graphics three quarters of its memory at most.
 */
const TABLE = [
  ['8 GB laptop', 8, 3],
  ['16 GB laptop', 16, 4],
  ['32 GB laptop', 32, 5],
  ['64 GB desktop', 64, 6],
  ['16 GB Mac', 16, 5],
  ['32 GB Mac', 32, 9],
  ['64 GB Mac', 64, 17],
  ['8 GB graphics card', 8, 1],
  ['12 GB graphics card', 12, 1],
  ['16 GB graphics card', 16, 1],
  ['24 GB graphics card', 24, 1.5],
  ['48 GB graphics card', 48, 2],
  ['80 GB graphics card', 80, 2],
] as const;

export const DEVICES: readonly Device[] = TABLE.map(([name, memory, others]) => {
  return { name, room: (memory - others) * GIB };
});

export const DEFAULT_DEVICE = '16 GB laptop';

export type Fit = 'fits' | 'tight' | 'too large';

/** The share of a device's room that a model takes without being tight: a longer context wants the rest. */
const COMFORT = 0.9;

/** @param memory bytes that running a model takes */
export function fitOf(memory: number, { room }: Device): Fit {
  if (memory > room) {
    return 'too large';
  }
  return memory <= room * COMFORT ? 'fits' : 'tight';
}

/** The usual types, the best first: what is larger gains little, what is smaller loses much. */
const USUAL = ['Q6_K', 'Q5_K_M', 'Q4_K_M', 'Q3_K_M', 'Q2_K'];

/** @returns the best of the usual types that fits a device with some room, or null. */
export function recommend(types: readonly { readonly type: string; readonly memory: number }[], device: Device) {
  const memories = new Map(types.map(({ type, memory }) => [type, memory]));
  const fits = (type: string) => fitOf(memories.get(type) ?? Number.POSITIVE_INFINITY, device) === 'fits';
  return USUAL.find(fits) ?? null;
}
