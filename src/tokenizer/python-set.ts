/**
 * The order in which CPython (3.11 and later) iterates over a set of strings with PYTHONHASHSEED=0. The reference
 * writes `list(set(...))`, and only this setting makes its output repeatable. Source: Objects/setobject.c and
 * Python/pyhash.c of CPython.
 */

const MASK64 = (1n << 64n) - 1n;
const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & MASK64;

/**
 * Sorts names into that order.
 * @param names distinct ASCII strings, in the order in which they are added to the set.
 */
export function pythonSetOrder(names: readonly string[]): string[] {
  let table: (string | undefined)[] = new Array(8).fill(undefined);
  let used = 0;
  for (const name of names) {
    insert(table, name);
    used++;
    if (used * 5 >= (table.length - 1) * 3) {
      const old = table;
      table = new Array(nextSize(used)).fill(undefined);
      for (const entry of old) {
        if (entry !== undefined) {
          insert(table, entry);
        }
      }
    }
  }
  return table.filter((entry) => entry !== undefined);
}

function nextSize(used: number): number {
  const least = used > 50_000 ? used * 2 : used * 4;
  let size = 8;
  while (size <= least) {
    size *= 2;
  }
  return size;
}

const LINEAR_PROBES = 9;

function insert(table: (string | undefined)[], name: string): void {
  const mask = BigInt(table.length - 1);
  let perturb = siphash13(Buffer.from(name, 'latin1'));
  for (let slot = perturb & mask; ; slot = (slot * 5n + 1n + perturb) & mask) {
    const first = Number(slot);
    const last = first + LINEAR_PROBES < table.length ? first + LINEAR_PROBES : first;
    for (let i = first; i <= last; i++) {
      if (table[i] === undefined) {
        table[i] = name;
        return;
      }
    }
    perturb >>= 5n;
  }
}

/** SipHash-1-3 with a key of zeros. */
function siphash13(bytes: Uint8Array): bigint {
  let [v0, v1, v2, v3] = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n];
  const round = () => {
    v0 = (v0 + v1) & MASK64;
    v2 = (v2 + v3) & MASK64;
    v1 = rotate(v1, 13n) ^ v0;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v1) & MASK64;
    v0 = (v0 + v3) & MASK64;
    v1 = rotate(v1, 17n) ^ v2;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = rotate(v2, 32n);
  };
  const padded = Buffer.alloc(Math.floor(bytes.length / 8 + 1) * 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  round();
  round();
  round();
  return v0 ^ v1 ^ v2 ^ v3;
}
