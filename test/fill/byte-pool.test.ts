import { BufferMemoryError, BytePool } from '#src/fill/byte-pool.js';
import { Dice } from '../fuzz/dice.js';

const KIB = 1024;

/** Whether a promise is fulfilled by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
}

test('who comes first is served first, even if one who comes later would fit', async () => {
  const pool = new BytePool(4 * KIB);
  const first = await pool.take(3 * KIB);
  const large = pool.take(2 * KIB);
  const small = pool.take(KIB);
  expect([await isDone(large), await isDone(small)]).toEqual([false, false]);
  pool.give(first);
  expect([await isDone(large), await isDone(small)]).toEqual([true, true]);
});

test('memory given back in pieces can be taken as one', async () => {
  const pool = new BytePool(4 * KIB);
  const pieces = await Promise.all([1, 1, 1, 1].map((count) => pool.take(count * KIB)));
  for (const i of [2, 0, 3, 1]) {
    pool.give(pieces[i] as Uint8Array);
  }
  expect((await pool.take(4 * KIB)).length).toBe(4 * KIB);
});

test('more than there is is refused', async () => {
  await expect(new BytePool(KIB).take(2 * KIB)).rejects.toThrow(RangeError);
});

test('memory that the system does not have is an error of its own', () => {
  expect(() => new BytePool(2 ** 52)).toThrow(BufferMemoryError);
});

test('what is taken at once never overlaps, and all who wait are served', async () => {
  const pool = new BytePool(64 * KIB);
  const dice = new Dice(3, 0);
  const held = new Set<Uint8Array>();
  let served = 0;
  const use = async () => {
    const bytes = await pool.take(64 * (1 + dice.below(dice.pick([10, 100, 1024]))));
    for (const other of held) {
      const apart =
        other.byteOffset + other.length <= bytes.byteOffset || bytes.byteOffset + bytes.length <= other.byteOffset;
      expect(apart).toBe(true);
    }
    held.add(bytes);
    for (let turns = dice.below(5); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    held.delete(bytes);
    pool.give(bytes);
    served++;
  };
  await Promise.all(Array.from({ length: 500 }, use));
  expect(served).toBe(500);
});
